/** A photo of the batch: found faces, and what is to be done with them. No bytes of it are kept. */
import { ApiError, detect, Gone, isUnknown } from "../api.js";
import { aborted } from "../errors.js";
import { isLost, pathOf } from "../folder.js";
import { FoundFace } from "./foundface.js";
import { suggestedName } from "./naming.js";
import { patiently } from "../patience.js";
import { PhotoError, readPhoto } from "../photo.js";

const SAME_BOX = 0.5;
const MOST_DETECTIONS = 3;
/** Codes of what the server will refuse again: no photo, one of too many bytes, a face too poor. */
const REFUSALS = ["1004", "1007"];
const TOO_LARGE = 413;

/**
 * `state` says where it is: "queued", "working", "waiting" (for its reader), "adding", and at its end "added", "there"
 * (in the set already), "noface", "left" (by its reader), "cancelled", "refused" or "failed" with its `error`.
 */
export class PhotoJob {
    state = "queued";
    error = null;
    faces = [];
    notes = [];

    constructor(file) {
        this.file = file;
        this.path = pathOf(file);
        this.suggested = suggestedName(this.path);
    }

    get name() {
        return this.path.slice(this.path.lastIndexOf("/") + 1);
    }

    get folder() {
        return this.path.slice(0, Math.max(0, this.path.lastIndexOf("/")));
    }

    get ticked() {
        return this.faces.filter((face) => face.ticked);
    }

    /** The faces that wait under a name, and are not ticked: poor ones, mostly. */
    get named() {
        if (this.state !== "waiting") return [];
        return this.faces.filter((face) => face.state === "found" && face.name !== "" && !face.ticked);
    }

    get added() {
        return this.faces.filter((face) => face.state === "added").length;
    }

    /** Tell whether its only face is good enough to be added without a look. */
    get plain() {
        return this.faces.length === 1 && this.faces[0].clear && this.faces[0].state === "found";
    }

    /** Tell whether trying again may help. */
    get retryable() {
        return this.state === "failed" || this.state === "cancelled";
    }

    /** Find its faces and who they are like; `count` answers how many faces are in the set. */
    async look(count, signal) {
        this.state = "working";
        this.error = null;
        await this.#trying("cancelled", async () => {
            const total = await count();
            const compared = (faces) => Promise.all(faces.map((face) => face.compare(total, signal)));
            this.faces = await this.#detected(signal, compared);
            this.#suggest();
            const known = this.faces.length > 0 && this.faces.every(({ state }) => state === "there");
            this.state = this.faces.length === 0 ? "noface" : known ? "there" : "waiting";
        });
    }

    /** Add the faces that are ticked; `turns` has one addition of all photos be at work at a time. */
    async add(signal, turns) {
        this.state = "adding";
        await this.#trying("waiting", async () => {
            for (const face of this.ticked) {
                // Two copies of a photo must not both find that the other one is not there.
                const adding = () => patiently(() => this.#addFace(face, signal), signal);
                await turns(adding).catch((error) => this.#faceFailed(face, error));
            }
            this.#settle();
        });
    }

    /** Detect the faces again where the server has forgotten them, as after a restart. */
    async renew(signal) {
        const kept = this.faces.filter(({ state }) => state !== "added");
        const found = await this.#detected(signal);
        for (const face of kept) {
            const [best] = found.toSorted((a, b) => face.overlap(b) - face.overlap(a));
            if (!best || face.overlap(best) < SAME_BOX) throw new PhotoError("add.changed");
            face.token = best.token;
        }
    }

    /** Detect the faces again when the server has forgotten one that has no picture; once, whatever comes of it. */
    async restore(face, signal) {
        if (await patiently(() => face.isKnown(signal), signal)) return;
        for (const each of this.faces) each.restored = true;
        await this.renew(signal);
    }

    async #addFace(face, signal) {
        try {
            await face.add(signal);
        } catch (error) {
            if (!isUnknown(error)) throw error;
            await this.renew(signal);
            await face.add(signal);
        }
    }

    /** Return the faces found on the photo, which `then` is done with; anew where they are forgotten amid that. */
    async #detected(signal, then = () => null) {
        for (let tries = 1; ; tries++) {
            try {
                return await patiently(() => this.#detectedOnce(signal, then), signal);
            } catch (error) {
                if (!isUnknown(error) || tries === MOST_DETECTIONS) throw error;
            }
        }
    }

    async #detectedOnce(signal, then) {
        if (isLost(this.file)) throw new PhotoError("photo.gone");
        const photo = await readPhoto(this.file);
        signal.throwIfAborted();
        const found = await detect(photo.blob, signal);
        const faces = found.faces.map((face) => new FoundFace(face));
        await then(faces);
        this.notes = photo.notes;
        return faces;
    }

    /** Tick the clear faces that are known, and the only one, which the file may name. */
    #suggest() {
        const clear = this.faces.filter((face) => face.clear);
        // Of several faces nobody can tell which one the file is named after.
        const candidates = clear.length ? clear : this.faces;
        const alone = candidates.length === 1;
        if (alone && candidates[0].name === "") candidates[0].name = this.suggested;
        for (const face of clear) face.ticked = face.state === "found" && (face.likely || alone);
    }

    /** Do some work and keep why it failed; being stopped leads to the state `stopped`. */
    async #trying(stopped, work) {
        try {
            await work();
        } catch (error) {
            if (aborted(error)) this.state = stopped;
            else this.#fail(error);
        }
    }

    #fail(error) {
        const known = error instanceof ApiError || error instanceof PhotoError || error instanceof Gone;
        if (!known) reportError(error);
        this.error = error;
        this.state = isRefusal(error) ? "refused" : "failed";
    }

    #faceFailed(face, error) {
        if (aborted(error)) throw error;
        face.fail(error);
    }

    #settle() {
        const failed = this.faces.find(({ state }) => state === "failed");
        if (failed) this.#fail(failed.error);
        else this.state = this.added ? "added" : "there";
    }
}

function isRefusal(error) {
    if (error instanceof PhotoError) return error.key !== "photo.gone";
    return REFUSALS.includes(error.code) || error.status === TOO_LARGE;
}
