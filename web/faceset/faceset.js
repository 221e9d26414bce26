/** Face set: the wall of all stored faces; one can be opened, many can be selected. */
import { announce, button, eachFrame, element } from "../element.js";
import { aborted, errorNotice } from "../errors.js";
import { Listing } from "./listing.js";
import { nothing, whyNothing } from "./nothing.js";
import { Panel } from "./panel.js";
import { Query } from "./query.js";
import { dismiss } from "./question.js";
import { Removals } from "./removal.js";
import { MOST, Selection } from "./selection.js";
import { Wall } from "./wall.js";
import { listen } from "./wallkeys.js";

const AROUND = 100;

/** Make the view. The URL says what is searched for, in which order, and which face is open. */
export default function view(root) {
    const faceset = new FaceSet(root);
    return { shown: (parameters) => faceset.shown(parameters), hidden: () => faceset.hidden() };
}

class FaceSet {
    #removals = new Removals();
    #listing = new Listing(this.#removals, () => this.#wall.seen);
    #query = new Query(() => this.#asked());
    #selection = new Selection({
        selectAll: () => this.#select(0, Infinity),
        remove: (faces) => this.#removals.remove(faces),
        renamed: (faces, name) => this.#renamed(faces, name),
    });
    #panel = new Panel({
        hidden: (token) => this.#removals.has(token),
        step: (token, by) => this.#listing.step(token, by),
        open: (face) => this.#open(face),
        close: (byReader) => this.#closed(byReader),
        renamed: (faces, name) => this.#renamed(faces, name),
        remove: (face) => this.#removals.remove([face]),
    });
    #bar = element("div", { class: "wall-bar" }, this.#query.root, this.#selection.root);
    #wall = new Wall({
        chosen: (token) => this.#selection.has(token),
        above: () => parseFloat(getComputedStyle(this.#bar).top) + this.#bar.offsetHeight,
    });
    #notice = element("div", { class: "wall-notice" });
    #opened = null;
    #anchor = 0;
    #away = false;

    constructor(root) {
        this.root = root;
        this.#bar.prepend(element("h1", { tabIndex: -1, text: "faceset.title" }));
        const keys = element("p", { class: "unseen", id: "wall-keys", text: "faceset.keys" });
        this.#wall.root.setAttribute("aria-describedby", keys.id);
        this.#notice.append(element("p", { class: "faint working", text: "faceset.loading" }));
        root.append(this.#bar, this.#notice, keys, this.#wall.frame, this.#panel.root);
        this.#listen();
    }

    /** Show what the URL's parameters say, as on a reload or by the back button. */
    async shown(parameters) {
        this.#query.set(parameters);
        const token = parameters.get("face");
        if (!token && this.#panel.token) this.#panel.close();
        if (!this.#listing.pages) this.#listing.ask(this.#query.asked, { seen: this.#seenBefore() });
        else if (!this.#listing.answers(this.#query.asked)) this.#listing.ask(this.#query.asked);
        else if (this.#away) this.#listing.refresh();
        this.#away = false;
        if (token) this.#show(token);
    }

    /** Where the wall was before a reload: the first face that is to be seen, and one behind the last. */
    #seenBefore(first = history.state?.first ?? 0) {
        return [first, first + AROUND];
    }

    hidden() {
        this.#away = true;
        dismiss();
        if (this.#panel.token) this.#panel.close();
    }

    #listen() {
        listen(this.root, this.#wall, {
            open: (face) => this.#open(face),
            toggle: (place, face, range) => this.#toggle(place, face, range),
            selecting: () => this.#selection.size > 0,
            selectAll: () => this.#select(0, Infinity),
            clear: () => this.#selection.clear(),
            remove: (face) => (this.#selection.size ? this.#selection.remove() : this.#removals.remove([face])),
            undo: () => this.#removals.undo(),
        });
        this.#listing.addEventListener("answer", ({ detail }) => this.#answered(detail));
        this.#listing.addEventListener("more", () => this.#wall.update());
        this.#listing.addEventListener("failed", ({ detail }) => this.#failed(detail));
        this.#selection.addEventListener("change", () => this.#selected());
        this.#removals.addEventListener("change", ({ detail }) => this.#changed(detail));
        // A frame later, so that the wall has gone along.
        addEventListener("scrollend", eachFrame(() => {
            if (!this.root.hidden) history.replaceState({ ...history.state, first: this.#wall.seen[0] }, "");
        }));
        document.addEventListener("visibilitychange", () => {
            if (!document.hidden && !this.root.hidden) this.#listing.refresh();
        });
    }

    #asked() {
        if (this.#listing.answers(this.#query.asked)) return;
        history.replaceState(history.state, "", this.#query.path());
        this.#listing.ask(this.#query.asked);
    }

    #answered({ stay, seen }) {
        const { pages } = this.#listing;
        if (!stay) this.#selection.clear();
        this.#tell();
        this.#wall.show(pages, stay);
        if (stay) return;
        if (seen[0] > 0) this.#wall.see(seen[0]);
        announce(pages.count ? "faceset.count" : whyNothing(pages.asked), { count: pages.count, ...pages.asked });
    }

    #tell() {
        const { count, asked } = this.#listing.pages;
        this.#query.tell(count);
        this.#selection.offer(count);
        this.#wall.frame.hidden = count === 0;
        this.#notice.replaceChildren(...(count === 0 ? [nothing(asked)] : []));
        if (this.#panel.token) this.#panel.offerSteps();
    }

    #failed(error) {
        if (aborted(error)) return;
        const again = button("page.again", { onclick: () => this.#listing.ask(this.#query.asked) });
        this.#notice.replaceChildren(errorNotice(error), again);
    }

    #open(face) {
        const path = this.#query.path(face.face_token);
        // Going back closes what is open, however many faces were looked at.
        if (this.#panel.token) history.replaceState(history.state, "", path);
        else history.pushState({ panel: true, first: this.#wall.seen[0] }, "", path);
        this.#show(face.face_token);
    }

    #show(token) {
        this.#opened = token;
        this.#panel.open(token, this.#listing.known(token));
    }

    #closed(byReader) {
        if (byReader && history.state?.panel) history.back();
        else if (byReader) history.replaceState(null, "", this.#query.path());
        if (!this.root.hidden) this.#focus(this.#opened);
    }

    /** Move the focus to a face of the wall, or to where it was there. */
    #focus(token) {
        const index = this.#listing.indexOf(token);
        if (!this.#wall.focus(index < 0 ? this.#wall.active : index)) this.root.querySelector("h1").focus();
    }

    async #select(first, last) {
        this.#selection.add(await this.#listing.range(first, Math.min(last, first + MOST - 1)));
    }

    #toggle(place, face, range) {
        if (range && this.#selection.size) this.#select(Math.min(this.#anchor, place), Math.max(this.#anchor, place));
        else if (face) this.#selection.toggle(face);
        this.#anchor = place;
    }

    #selected() {
        const { size } = this.#selection;
        for (const each of [this.#bar, this.#wall.root]) each.classList.toggle("selecting", size > 0);
        if (this.#listing.pages) this.#selection.offer(this.#listing.pages.count);
        this.#wall.update();
    }

    #renamed(faces, name) {
        for (const face of faces) {
            face.face_name = name;
            this.#listing.pages?.rename(face.face_token, name);
        }
        this.#wall.update();
        if (this.#query.asked.name || this.#query.asked.sort === "name") this.#listing.refresh();
    }

    /** Faces are hidden, or some are shown again. */
    #changed(back) {
        const { activeElement: held } = document;
        if (!this.#listing.pages) return;
        this.#listing.pages.sync();
        this.#selection.prune((token) => this.#removals.has(token));
        this.#tell();
        this.#wall.update();
        const lost = !held?.checkVisibility() || held === document.body || held.closest(".wall, .toast");
        if (lost && !this.root.hidden && !this.#panel.token) this.#focus(back[0]?.face_token);
    }
}
