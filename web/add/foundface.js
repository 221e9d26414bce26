/** A face on a photo of the batch: who it seems to be, whether it is to be added, and what became of that. */
import { addFace, compare, isUnknown, search } from "../api.js";
import { tidyName } from "../naming.js";
import { isClear, shorterSide } from "../quality.js";
import { UNNAMED } from "../tile.js";
import { UNSURE, verdict } from "../verdict.js";

/** Two vectors nearer than this come from the same picture of the same face. */
const SAME = 0.05;

/**
 * `state` is "found", "added", "there" (the very same face was in the set already) or "failed", with its `error`;
 * `likely` tells that the nearest face of the set, whose name it takes, is likely the same person's.
 */
export class FoundFace {
    state = "found";
    error = null;
    name = "";
    likely = false;
    ticked = false;
    /** Whether it was found anew because its picture was gone. */
    restored = false;
    #insisted = false;

    constructor(detected) {
        this.box = [...detected.top_left, ...detected.bottom_right];
        this.clear = isClear(detected.confidence, shorterSide(detected));
        this.token = detected.face_token;
    }

    /** Look for the nearest stored face, among `total`, and take its name when it is likely the same person's. */
    async compare(total, signal) {
        const { cmp_result: found } = await search(this.token, { threshold: UNSURE, limit: 1, signal });
        if (!found.length) return;
        const [{ distance, face_name: known }] = found;
        if (distance < SAME) this.state = "there";
        if (verdict(distance, total) !== "likely" || known === UNNAMED) return;
        this.name = known;
        this.likely = true;
    }

    /** Tell whether the server knows it still. */
    async isKnown(signal) {
        try {
            await compare(this.token, this.token, signal);
            return true;
        } catch (error) {
            if (isUnknown(error)) return false;
            throw error;
        }
    }

    /** Give it a name that its reader wrote. */
    rename(text) {
        this.name = tidyName(text);
    }

    /** Tick it or not; one that is in the set already is added again only when its reader says so here. */
    tick(ticked) {
        this.ticked = ticked;
        this.#insisted = ticked && this.state === "there";
    }

    /** Add it, unless the very same face came into the set since; once only, however often this is called. */
    async add(signal) {
        if (!this.#insisted && (await this.#isThere(signal))) {
            this.state = "there";
            this.ticked = false;
            return;
        }
        // Not with the signal: what the server was told to add is added, so its answer has to be heard.
        const answer = await addFace(this.token, this.name);
        this.state = "added";
        this.name = answer.face_name;
        this.ticked = false;
    }

    /** Keep why it could not be added. */
    fail(error) {
        this.state = "failed";
        this.error = error;
    }

    /** Return the share that its box and that of another one have in common. */
    overlap({ box: [left, top, right, bottom] }) {
        const [l, t, r, b] = this.box;
        const width = Math.max(0, Math.min(r, right) - Math.max(l, left));
        const common = width * Math.max(0, Math.min(b, bottom) - Math.max(t, top));
        return common / ((r - l) * (b - t) + (right - left) * (bottom - top) - common);
    }

    /** A search never answers the face itself, so one whose adding got no answer does not find itself here. */
    async #isThere(signal) {
        const { total } = await search(this.token, { threshold: SAME, limit: 1, signal });
        return total > 0;
    }
}
