/** The search of the Find view: the photo with its faces on one side, who they are on the other. */
import { addForm, banner, poorNotice, whoBanner } from "../answer.js";
import { cropUrl, detect, faces, search } from "../api.js";
import { announce, button, element, withFocus } from "../element.js";
import { aborted, errorNotice } from "../errors.js";
import { Matches } from "./matches.js";
import { readPhoto } from "../photo.js";
import { Picture } from "../picture.js";
import { distanceText } from "../texts.js";
import { BINS, Threshold } from "./threshold.js";
import { UNNAMED } from "../tile.js";
import { verdict, WIDEST } from "../verdict.js";

const NEAREST = 500;
const NAMED_AT_ONCE = 40;

/** Look at photos and search for the face that is chosen; the URL says which face and threshold. */
export class Finder {
    #picture = new Picture((face) => this.#choose(face));
    #threshold = new Threshold(() => this.#filter(true));
    #matches = new Matches();
    #notes = element("div", { class: "notes" });
    #answer = element("div", { class: "answer" });
    #results = element("div", { class: "results", hidden: true }, this.#threshold.root, this.#matches.root);
    #looking = new AbortController();
    #searching = new AbortController();
    #token = null;
    #detected = [];

    constructor(root, first) {
        this.root = root;
        const left = element("div", { class: "left" }, this.#picture.root, this.#notes);
        // The place for photos becomes the buttons beside the title; dropping and pasting work everywhere.
        first.classList.add("again");
        withFocus(first, () => root.querySelector(".view-head").append(first));
        const right = element("div", { class: "right" }, this.#answer, this.#results);
        root.append(element("div", { class: "columns" }, left, right));
    }

    /** Show the face and the threshold of the URL's parameters, as on a reload or by the back button. */
    async shown(parameters) {
        if (parameters.has("within")) this.#threshold.value = Number(parameters.get("within"));
        const token = parameters.get("face");
        if (!token) return this.#token && this.#forget();
        if (token === this.#token) return this.#filter(false);
        if (!this.#picture.select(token)) {
            this.#forget();
            this.#picture.setPhoto(cropUrl(token));
            this.#picture.settle();
        }
        return this.#search(token);
    }

    /** Find the faces of a file and search for the largest. */
    async take(file) {
        this.#forget();
        const { signal } = this.#looking;
        try {
            const photo = await readPhoto(file);
            signal.throwIfAborted();
            this.#picture.setPhoto(photo.blob);
            this.#notes.replaceChildren(...photo.notes.map((note) => element("p", { class: "notice", text: note })));
            this.#answer.replaceChildren(element("p", { class: "faint working", text: "find.looking" }));
            const found = await detect(photo.blob, signal);
            this.#detected = found.faces;
            this.#picture.setFaces(found);
            if (found.faces.length === 0) return this.#noFace();
            await this.#choose(found.faces[0]);
            return await this.#nameAll(signal);
        } catch (error) {
            return this.#failed(error);
        }
    }

    #choose(face) {
        this.#picture.select(face.face_token);
        this.#place(face.face_token);
        return this.#search(face.face_token);
    }

    async #search(token) {
        this.#searching.abort();
        this.#searching = new AbortController();
        const { signal } = this.#searching;
        this.#token = token;
        this.root.classList.add("searching");
        try {
            const asked = { threshold: WIDEST, limit: NEAREST, bins: BINS, signal };
            const [found, { total }] = await Promise.all([search(token, asked), faces({ limit: 1 }, signal)]);
            this.#show(token, found, total);
        } catch (error) {
            this.#failed(error);
        }
    }

    #show(token, found, total) {
        this.root.classList.remove("searching");
        const nearest = found.cmp_result[0] ?? null;
        const kind = verdict(nearest && nearest.distance, total);
        const face = this.#detected.find(({ face_token }) => face_token === token);
        const known = kind === "likely" && nearest.face_name !== UNNAMED ? nearest.face_name : "";
        this.#threshold.setHistogram(found.histogram, total);
        this.#matches.setMatches(found.cmp_result, total);
        const parts = [whoBanner(nearest, total), face && poorNotice(face), addForm(token, known, kind === "nobody")];
        this.#answer.replaceChildren(...parts.filter(Boolean));
        this.#results.hidden = found.total === 0;
        this.#filter(false);
    }

    /** Write on every face of a photo with several who it likely is, so that nobody on it is overlooked. */
    async #nameAll(signal) {
        if (this.#detected.length < 2) return;
        const count = this.#detected.length;
        this.#notes.append(element("p", { class: "notice", text: ["find.several", { count }] }));
        const { total } = await faces({ limit: 1 }, signal);
        for (const { face_token: token } of this.#detected.slice(0, NAMED_AT_ONCE)) {
            const { cmp_result: rows } = await search(token, { threshold: WIDEST, limit: 1, signal });
            const nearest = rows[0] ?? null;
            const name = nearest?.face_name ?? UNNAMED;
            this.#picture.name(token, verdict(nearest && nearest.distance, total), name === UNNAMED ? null : name);
        }
    }

    #filter(moved) {
        const total = this.#threshold.count();
        this.#matches.filter(this.#threshold.value, total);
        if (!moved) return;
        announce("find.within", { count: total, distance: distanceText(this.#threshold.value) });
        this.#place(this.#token);
    }

    #place(token) {
        const path = `/?${new URLSearchParams({ face: token, within: distanceText(this.#threshold.value) })}`;
        // A step of the history is a photo, not each face of it, nor each place of the slider.
        history[this.#token === null ? "pushState" : "replaceState"](null, "", path);
    }

    #noFace() {
        this.#answer.replaceChildren(banner("nobody", "find.noface", null, "find.noface.hint"));
        announce("find.noface");
    }

    #failed(error) {
        if (aborted(error)) return;
        this.root.classList.remove("searching");
        this.#picture.settle();
        this.#results.hidden = true;
        const token = this.#token;
        const again = token ? button("page.again", { onclick: () => this.#search(token) }) : null;
        this.#answer.replaceChildren(errorNotice(error), ...(again ? [again] : []));
    }

    #forget() {
        this.#looking.abort();
        this.#looking = new AbortController();
        this.#searching.abort();
        this.#token = null;
        this.#detected = [];
        this.#picture.clear();
        this.#notes.replaceChildren();
        this.#answer.replaceChildren();
        this.#results.hidden = true;
        this.root.classList.remove("searching");
    }
}
