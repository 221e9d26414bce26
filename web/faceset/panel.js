/** One stored face, opened: what is known of it, its neighbours, and what can be done with it. */
import { ApiError, face as readFace, isUnknown } from "../api.js";
import { button, drawing, element, word } from "../element.js";
import { aborted, errorNotice } from "../errors.js";
import { facts } from "./facts.js";
import { neighbours } from "./neighbours.js";
import { patiently } from "../patience.js";
import { renaming } from "./renaming.js";
import { nameOf } from "../tile.js";

const STEPS = [
    ["faceset.previous", -1, "m14.5 6-6 6 6 6"],
    ["faceset.next", 1, "m9.5 6 6 6-6 6"],
];
const OUTSIDE = ["connection", "announcer", "toasts"];

/**
 * Show faces in a dialog. `does` has what it needs of the wall: hidden(token), step(token, by) which promises the face
 * so many places on or null, open(face), close(byReader), renamed(face, name), remove(face).
 */
export class Panel {
    token = null;
    #face = null;
    #abort = new AbortController();
    #name = element("h2", { id: "panel-name", tabIndex: -1 });
    #steps = STEPS.map((step) => this.#stepper(...step));
    #close = button("faceset.close", { icon: "close", onclick: () => this.root.close() });
    #about = element("div", { class: "panel-about" });
    #near = element("div", { class: "panel-near" });
    #ways = element("div", { class: "row" }, ...this.#steps, this.#close);
    root = element(
        "dialog",
        { class: "panel", "aria-labelledby": "panel-name" },
        element("div", { class: "row spread panel-head" }, this.#name, this.#ways),
        element("div", { class: "panel-body" }, this.#about, this.#near),
    );

    constructor(does) {
        this.does = does;
        this.root.addEventListener("close", () => this.#closed());
        this.root.addEventListener("keydown", (event) => this.#key(event));
        this.root.addEventListener("click", (event) => this.#clicked(event));
        addEventListener("facetoken:language", () => this.#face && this.#tell());
    }

    /** Show a face; `known` is what the wall knows of it already. */
    async open(token, known = null) {
        if (token === this.token) return;
        this.#abort.abort();
        this.#abort = new AbortController();
        const { signal } = this.#abort;
        this.token = token;
        this.#face = null;
        this.#near.replaceChildren(element("p", { class: "faint working", text: "faceset.nearing" }));
        this.#about.replaceChildren();
        word(this.#name, "text", "faceset.reading");
        if (!this.root.open) this.#appear();
        this.offerSteps();
        try {
            if (this.does.hidden(token)) throw new ApiError(404, "1006", "");
            this.#face = known ?? (await patiently(() => readFace(token, signal), signal));
            this.#tell();
            const found = await neighbours(token, this.does.hidden, signal);
            this.#near.replaceChildren(element("h3", { text: "faceset.near" }), found.root);
            this.#suggest(found.names);
        } catch (error) {
            this.#failed(error);
        }
    }

    /** Close it, as by the back button. */
    close() {
        this.token = null;
        this.root.close();
    }

    #appear() {
        this.root.showModal();
        this.#name.focus();
        // What is outside of a dialog can be neither reached nor heard.
        this.root.append(...OUTSIDE.map((id) => document.getElementById(id)));
    }

    #closed() {
        this.#abort.abort();
        document.body.append(...OUTSIDE.slice(1).map((id) => document.getElementById(id)));
        document.getElementById("main").before(document.getElementById("connection"));
        const byReader = this.token !== null;
        this.token = null;
        this.does.close(byReader);
    }

    #tell() {
        const face = this.#face;
        this.#title(face.face_name);
        this.#about.replaceChildren(
            ...facts(face),
            renaming(face, (name) => this.#renamed(face, name)),
            element("a", { class: "button", href: `/?face=${face.face_token}`, text: "faceset.search.with" }),
            button("faceset.remove", { icon: "remove", class: "danger", onclick: (event) => this.#remove(event) }),
        );
    }

    #suggest(names) {
        const options = names.map((value) => element("option", { value }));
        this.#about.querySelector("datalist")?.append(...options);
    }

    #title(name) {
        word(this.#name, "text", "");
        this.#name.replaceChildren(nameOf(name));
    }

    #renamed(face, name) {
        this.does.renamed([face], name);
        if (face === this.#face) this.#title(name);
    }

    async #remove({ detail: clicks }) {
        // The second click of a double one meets the button of the next face.
        if (clicks > 1) return;
        const face = this.#face;
        // Asked before it is hidden, as it has no neighbours then.
        const [next, previous] = [1, -1].map((by) => this.#stepped(by));
        this.does.remove(face);
        const following = (await next) ?? (await previous);
        if (this.token !== face.face_token) return;
        if (following) this.#go(following);
        else this.root.close();
    }

    #stepper(label, by, d) {
        const view = { viewBox: "0 0 24 24", class: "icon", "aria-hidden": "true" };
        const sign = drawing("svg", view, drawing("path", { d }));
        return element("button", { type: "button", label, title: label, onclick: () => this.#step(by) }, sign);
    }

    /** Find out whether there is a face before and after this one. */
    async offerSteps() {
        const { signal } = this.#abort;
        for (const [place, by] of [-1, 1].entries()) {
            const face = await this.#stepped(by);
            if (signal.aborted) return;
            this.#steps[place].disabled = !face;
        }
    }

    async #step(by) {
        const face = this.token && (await this.#stepped(by));
        if (face) this.#go(face);
    }

    /** Return the face so many places on, or null where there is none or it cannot be had. */
    #stepped(by) {
        return this.does.step(this.token, by).catch(() => null);
    }

    #go(face) {
        this.does.open(face);
        // A button that cannot be used any more would keep the focus from its reader.
        if (!this.root.contains(document.activeElement) || document.activeElement.disabled) this.#name.focus();
    }

    #key(event) {
        const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
        if (!by || event.target.closest("input") || event.altKey || event.ctrlKey || event.metaKey) return;
        event.preventDefault();
        this.#step(by);
    }

    #clicked(event) {
        const link = event.target.closest("a.tile");
        if (!link || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
        event.preventDefault();
        this.does.open({ face_token: new URL(link.href).searchParams.get("face") });
        this.root.scrollTop = 0;
        this.#name.focus();
    }

    #failed(error) {
        if (aborted(error)) return;
        const gone = isUnknown(error);
        if (gone || !this.#face) this.#about.replaceChildren();
        if (gone) word(this.#name, "text", "faceset.unknown");
        else if (!this.#face) word(this.#name, "text", "faceset.notread");
        if (gone) this.#near.replaceChildren(element("p", { class: "notice", text: "faceset.unknown.hint" }));
        else this.#near.replaceChildren(errorNotice(error), button("page.again", { onclick: () => this.#again() }));
    }

    #again() {
        const token = this.token;
        this.token = null;
        this.open(token, this.#face);
    }
}
