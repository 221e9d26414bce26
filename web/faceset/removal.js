/** Removing faces, which is for good: they are hidden at once, and removed when the time to think again is over. */
import { ApiError, removeFace } from "../api.js";
import { announce } from "../element.js";
import { aborted, errorKey } from "../errors.js";
import { sweep } from "./sweep.js";
import { Toast } from "./toast.js";
import { UNNAMED } from "../tile.js";

const SECONDS = 10;
// Requests of 64 KiB in all outlive a page, and one of these takes a quarter of a KiB.
const LAST_REQUESTS = 200;

/** Events: "change" when faces are hidden or shown, with the latter as `detail`; "gone" when some have been removed. */
export class Removals extends EventTarget {
    /** Every face that is not to be seen any more; tokens never come again, so those that are gone stay in it. */
    tokens = new Set();
    #pending = [];

    constructor() {
        super();
        addEventListener("pagehide", () => this.#sendLast());
        addEventListener("beforeunload", (event) => this.#mayLeave() || event.preventDefault());
    }

    /** Whether the server is being asked to remove some right now. */
    get going() {
        return this.#pending.some((removal) => !removal.waiting);
    }

    has(token) {
        return this.tokens.has(token);
    }

    /** Hide faces, and remove them in ten seconds. */
    remove(faces) {
        for (const { face_token: token } of faces) this.tokens.add(token);
        this.#pending.push(new Removal(faces, this));
        announce(...worded("faceset.removed.said", faces));
        this.#changed([]);
    }

    /** Take the last removal back that can be; return whether there was one. */
    undo() {
        const last = this.#pending.findLast((removal) => removal.waiting);
        last?.undo();
        return Boolean(last);
    }

    /** A removal has come to its end: some faces are gone, others are shown again. */
    ended(removal, gone, back) {
        this.#pending = this.#pending.filter((other) => other !== removal);
        for (const { face_token: token } of back) this.tokens.delete(token);
        if (back.length) this.#changed(back);
        if (gone.length) this.dispatchEvent(new Event("gone"));
    }

    #mayLeave() {
        const left = this.#pending.reduce((sum, removal) => sum + removal.left.length, 0);
        return left <= LAST_REQUESTS && !this.#pending.some((removal) => removal.stuck);
    }

    #sendLast() {
        for (const removal of this.#pending) removal.sendLast();
    }

    #changed(back) {
        this.dispatchEvent(new CustomEvent("change", { detail: back }));
    }
}

class Removal {
    waiting = true;
    stuck = false;
    #seconds = SECONDS;
    #abort = new AbortController();
    #sent = new Set();

    constructor(faces, removals) {
        this.faces = faces;
        this.removals = removals;
        this.toast = new Toast(worded("faceset.removed", faces), [["faceset.undo", () => this.undo()]]);
        this.toast.tick(SECONDS);
        this.timer = setInterval(() => this.#tick(), 1000);
    }

    /** The faces that the server has not been asked to remove. */
    get left() {
        return this.faces.filter((face) => !this.#sent.has(face));
    }

    undo() {
        this.#stop();
        announce(...worded("faceset.undone", this.faces));
        this.removals.ended(this, [], this.faces);
        this.toast.close();
    }

    /** Ask for all that is left, now, in requests that outlive the page. */
    sendLast() {
        this.#stop();
        for (const face of this.left) {
            this.#sent.add(face);
            removeFace(face.face_token, { keepalive: true }).catch(() => null);
        }
        this.toast.close();
        this.removals.ended(this, this.faces, []);
    }

    #stop() {
        this.waiting = false;
        clearInterval(this.timer);
        this.#abort.abort();
    }

    #tick() {
        if (this.toast.held) return;
        this.toast.tick(--this.#seconds);
        if (this.#seconds === 0) this.#remove();
    }

    async #remove() {
        this.waiting = false;
        clearInterval(this.timer);
        this.toast.disarm();
        const { signal } = this.#abort;
        const late = setTimeout(() => this.#tellProgress(0), 1000);
        const { done, failed } = await sweep(this.faces, (face) => this.#removeOne(face, signal), {
            signal,
            progress: (count) => this.#tellProgress(count),
        });
        clearTimeout(late);
        if (signal.aborted) return;
        this.toast.close();
        this.removals.ended(this, done, failed.map(([face]) => face));
        if (failed.length) this.#tellFailed(failed);
    }

    async #removeOne(face, signal) {
        this.#sent.add(face);
        try {
            await removeFace(face.face_token, { signal });
            this.stuck = false;
        } catch (error) {
            if (!aborted(error)) this.stuck = !(error instanceof ApiError);
            // Somebody else was faster.
            if (error instanceof ApiError && error.code === "1006") return;
            this.#sent.delete(face);
            throw error;
        }
    }

    #tellProgress(count) {
        this.toast.say(worded("faceset.removing", this.faces));
        this.toast.advance(count, this.faces.length);
    }

    #tellFailed(failed) {
        const faces = failed.map(([face]) => face);
        const again = () => {
            toast.close();
            this.removals.remove(faces);
        };
        const actions = [["page.again", again], ["faceset.close", () => toast.close()]];
        const toast = new Toast(worded("faceset.notremoved", faces), actions, { bad: true });
        toast.explain(errorKey(failed[0][1]));
        announce(...worded("faceset.notremoved", faces));
    }
}

function worded(key, faces) {
    const [{ face_name: name }] = faces;
    if (faces.length > 1) return [`${key}.many`, { count: faces.length }];
    return name === UNNAMED ? [`${key}.unnamed`] : [key, { name }];
}
