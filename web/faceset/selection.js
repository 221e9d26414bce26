/** The faces that are selected, and what can be done with all of them at once. */
import { addFace } from "../api.js";
import { announce, button, element, word } from "../element.js";
import { askOnLeaving } from "./leaving.js";
import { tidyName } from "../naming.js";
import { ask } from "./question.js";
import { sweep } from "./sweep.js";
import { UNNAMED } from "../tile.js";
import { tellFailed, Toast } from "./toast.js";

/** The most faces that are selected at once. */
export const MOST = 10_000;
const SUGGESTED = 50;

/**
 * Hold faces by their tokens. `does` has what the bar's buttons do: selectAll(), remove(faces), renamed(faces, name);
 * a "change" event tells of each change.
 */
export class Selection extends EventTarget {
    #faces = new Map();
    #count = element("output", { class: "selected" });
    #all = button("faceset.selectall", { onclick: () => this.does.selectAll() });
    #bar = [
        this.#count,
        this.#all,
        button("faceset.rename", { icon: "rename", onclick: () => this.rename() }),
        button("faceset.remove", { icon: "remove", class: "danger", onclick: () => this.remove() }),
        button("faceset.clear", { icon: "close", class: "quiet", onclick: () => this.clear() }),
    ];
    root = element("div", { class: "row selection", role: "group", label: "faceset.selection" }, ...this.#bar);

    constructor(does) {
        super();
        this.does = does;
        this.root.hidden = true;
    }

    get size() {
        return this.#faces.size;
    }

    has(token) {
        return this.#faces.has(token);
    }

    toggle(face) {
        if (!this.#faces.delete(face.face_token)) this.#faces.set(face.face_token, face);
        this.#changed();
    }

    add(faces) {
        for (const face of faces) if (this.size < MOST) this.#faces.set(face.face_token, face);
        this.#changed();
    }

    /** Let go of the faces that `gone` says are not there any more. */
    prune(gone) {
        const before = this.size;
        for (const token of this.#faces.keys()) if (gone(token)) this.#faces.delete(token);
        // What became of them is being said.
        if (this.size < before) this.#changed({ said: true });
    }

    clear() {
        if (!this.size) return false;
        this.#faces.clear();
        this.#changed();
        return true;
    }

    /** Offer to select all that were found. */
    offer(found) {
        const most = Math.min(found, MOST);
        this.#all.hidden = this.size >= most;
        const key = most < found ? "faceset.selectfirst" : "faceset.selectall";
        word(this.#all.lastChild, "text", [key, { count: most }]);
    }

    /** Ask whether all are to be removed, and have it done. */
    async remove() {
        const faces = [...this.#faces.values()];
        const title = ["faceset.remove.ask", { count: faces.length }];
        const text = "faceset.remove.hint";
        if (await ask({ title, text, yes: "faceset.remove", danger: true })) this.does.remove(faces);
    }

    /** Ask for a name, and give it to all. */
    async rename() {
        const faces = [...this.#faces.values()];
        const given = new Set(faces.map((face) => face.face_name));
        given.delete(UNNAMED);
        const names = [...given].slice(0, SUGGESTED);
        const title = ["faceset.rename.ask", { count: faces.length }];
        const name = await ask({ title, text: "faceset.rename.hint", yes: "faceset.rename", names });
        if (name !== null) await this.#rename(faces, tidyName(name) || UNNAMED);
    }

    async #rename(faces, name) {
        const [stop, over] = [new AbortController(), new AbortController()];
        askOnLeaving(over.signal);
        const toast = new Toast(["faceset.renaming", { count: faces.length }], [["faceset.stop", () => stop.abort()]]);
        const work = (face) => addFace(face.face_token, name, stop.signal);
        const progress = (count) => toast.advance(count, faces.length);
        const { done, failed } = await sweep(faces, work, { signal: stop.signal, progress });
        over.abort();
        toast.close();
        this.does.renamed(done, name);
        announce("faceset.renamed.many", { count: done.length });
        const text = ["faceset.notrenamed", { count: failed.length }];
        if (failed.length) tellFailed(failed, text, (left) => this.#rename(left, name));
    }

    #changed({ said = false } = {}) {
        const words = [this.size < MOST ? "faceset.selected" : "faceset.selected.most", { count: this.size }];
        this.root.hidden = this.size === 0;
        word(this.#count, "text", words);
        if (!said) announce(...words);
        this.dispatchEvent(new Event("change"));
    }
}
