/** Removing faces, which is for good: they are hidden at once, and removed when the time to think again is over. */
import { isUnknown, removeFace } from "../api.js";
import { announce } from "../element.js";
import { askOnLeaving } from "./leaving.js";
import { sweep } from "./sweep.js";
import { tellFailed, Toast } from "./toast.js";
import { UNNAMED } from "../tile.js";

const SECONDS = 10;

/** Events: "change" when faces are hidden or shown, with the latter as `detail`; "gone" when some have been removed. */
export class Removals extends EventTarget {
    /** Every face that is not to be seen any more; tokens never come again, so those that are gone stay in it. */
    tokens = new Set();
    #pending = [];

    constructor() {
        super();
        addEventListener("pagehide", () => this.#sendLast());
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

    #sendLast() {
        for (const removal of this.#pending) removal.sendLast();
    }

    #changed(back) {
        this.dispatchEvent(new CustomEvent("change", { detail: back }));
    }
}

class Removal {
    waiting = true;
    #seconds = SECONDS;
    #abort = new AbortController();
    #over = new AbortController();
    #gone = new Set();

    constructor(faces, removals) {
        this.faces = faces;
        this.removals = removals;
        this.toast = new Toast(worded("faceset.removed", faces), [["faceset.undo", () => this.undo()]]);
        this.toast.tick(SECONDS);
        // A page that is left takes the time to think with it.
        askOnLeaving(this.#over.signal);
        this.timer = setInterval(() => this.#tick(), 1000);
    }

    undo() {
        this.#stop();
        announce(...worded("faceset.undone", this.faces));
        this.#end([], this.faces);
    }

    /** Ask for all that nobody has confirmed, now, in requests that outlive the page. */
    sendLast() {
        this.#stop();
        for (const face of this.faces) {
            if (!this.#gone.has(face)) removeFace(face.face_token, { keepalive: true }).catch(() => null);
        }
        this.#end(this.faces, []);
    }

    #end(gone, back) {
        this.#over.abort();
        this.removals.ended(this, gone, back);
        this.toast.close();
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
        const back = failed.map(([face]) => face);
        this.#end(done, back);
        if (failed.length) tellFailed(failed, worded("faceset.notremoved", back), (left) => this.removals.remove(left));
    }

    async #removeOne(face, signal) {
        try {
            await removeFace(face.face_token, { signal });
        } catch (error) {
            // Somebody else was faster.
            if (!isUnknown(error)) throw error;
        }
        this.#gone.add(face);
    }

    #tellProgress(count) {
        this.toast.say(worded("faceset.removing", this.faces));
        this.toast.advance(count, this.faces.length);
    }
}

function worded(key, faces) {
    const [{ face_name: name }] = faces;
    if (faces.length > 1) return [`${key}.many`, { count: faces.length }];
    return name === UNNAMED ? [`${key}.unnamed`] : [key, { name }];
}
