/** The search of the Find view: the photo with its faces on one side, who they are on the other. */
import { addForm, banner, poorNotice, storedNotice, whoBanner } from "../answer.js";
import { cropUrl, detect, face as stored, howMany, isUnknown, search } from "../api.js";
import { announce, button, element, withFocus } from "../element.js";
import { aborted, errorNotice } from "../errors.js";
import { patiently } from "../patience.js";
import { readPhoto } from "../photo.js";
import { Picture } from "../picture.js";
import { distanceText } from "../texts.js";
import { UNNAMED } from "../tile.js";
import { verdict, WIDEST } from "../verdict.js";
import { Matches } from "./matches.js";
import { nameFaces } from "./nameplates.js";
import { BINS, Threshold } from "./threshold.js";

const NEAREST = 500;

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
    #file = null;
    #token = null;
    #detected = [];
    #answered = null;

    constructor(root, first) {
        Object.assign(this, { root, first });
        this.head = root.querySelector(".view-head");
        const left = element("div", { class: "left" }, this.#picture.root, this.#notes);
        const right = element("div", { class: "right" }, this.#answer, this.#results);
        this.columns = element("div", { class: "columns" }, left, right);
        root.append(this.columns);
    }

    /** Show the face and the threshold of the URL's parameters, as on a reload or by the back button. */
    async shown(parameters) {
        if (parameters.has("within")) this.#threshold.value = Number(parameters.get("within"));
        const token = parameters.get("face");
        // Somebody was away while it was looked at.
        if (this.#file && this.#looking.signal.aborted) return this.take(this.#file);
        if (!token) return this.#forget();
        if (token === this.#answered) return this.#filter(false);
        if (!this.#picture.select(token)) {
            this.#forget();
            this.#picture.setPhoto(cropUrl(token));
            this.#picture.settle();
        }
        return this.#search(token);
    }

    /** Tell whether there is nothing to see. */
    get isEmpty() {
        return this.#token === null && this.#file === null;
    }

    /** Stop what is under way: its answer would change the URL of another view. It is begun again in `shown`. */
    hidden() {
        this.#looking.abort();
        this.#searching.abort();
    }

    /** Find the faces of a file and search for the largest. */
    async take(file) {
        this.#forget();
        this.#file = file;
        const { signal } = this.#looking;
        this.#place(true);
        try {
            const photo = await readPhoto(file);
            signal.throwIfAborted();
            this.#picture.setPhoto(photo.blob);
            this.#notes.replaceChildren(...photo.notes.map((note) => element("p", { class: "notice", text: note })));
            this.#answer.replaceChildren(element("p", { class: "faint working", text: "find.looking" }));
            const found = await patiently(() => detect(photo.blob, signal), signal);
            this.#file = null;
            this.#detected = found.faces;
            this.#picture.setFaces(found);
            if (found.faces.length === 0) { this.#noFace(); return; }
            await this.#choose(found.faces[0]);
            if (found.faces.length > 1) await this.#nameAll(signal);
        } catch (error) {
            this.#failed(error, () => this.take(file));
        }
    }

    #nameAll(signal) {
        const count = this.#detected.length;
        this.#notes.append(element("p", { class: "notice", text: ["find.several", { count }] }));
        return nameFaces(this.#picture, this.#detected, signal);
    }

    #choose(face) {
        this.#picture.select(face.face_token);
        this.#setUrl(face.face_token);
        return this.#search(face.face_token);
    }

    async #search(token) {
        this.#searching.abort();
        this.#searching = new AbortController();
        const { signal } = this.#searching;
        this.#token = token;
        this.#answered = null;
        this.#place(true);
        this.root.classList.add("searching");
        try {
            const asked = { threshold: WIDEST, limit: NEAREST, bins: BINS, signal };
            const all = () => Promise.all([search(token, asked), howMany(signal), this.#stored(token, signal)]);
            this.#show(token, ...(await patiently(all, signal)));
            this.#answered = token;
        } catch (error) {
            this.#failed(error, () => this.#search(token));
        }
    }

    /** Return what the face set knows of a face that comes by the URL: it may be of the set, or of a photo. */
    async #stored(token, signal) {
        if (this.#detected.some(({ face_token }) => face_token === token)) return null;
        return stored(token, signal).catch((error) => {
            if (isUnknown(error)) return null;
            throw error;
        });
    }

    #show(token, found, total, known) {
        this.root.classList.remove("searching");
        const nearest = found.cmp_result[0] ?? null;
        const kind = verdict(nearest && nearest.distance, total);
        const face = this.#detected.find(({ face_token }) => face_token === token);
        const name = kind === "likely" && nearest.face_name !== UNNAMED ? nearest.face_name : "";
        this.#threshold.setHistogram(found.histogram, total);
        this.#matches.setMatches(found.cmp_result, total);
        const who = whoBanner(nearest, total);
        const add = known ? storedNotice(known) : addForm(token, name, kind === "nobody" && who);
        this.#answer.replaceChildren(...[who, face && poorNotice(face), add].filter(Boolean));
        this.#results.hidden = found.total === 0;
        this.#filter(false);
    }

    #filter(moved) {
        const total = this.#threshold.count();
        this.#matches.filter(this.#threshold.value, total);
        if (!moved) return;
        announce("find.within", { count: total, distance: distanceText(this.#threshold.value) });
        this.#setUrl(this.#token);
    }

    #setUrl(token) {
        const asked = new URLSearchParams({ face: token, within: distanceText(this.#threshold.value) });
        // A step of the history is a photo, not each face of it, nor each place of the slider.
        history[this.#token === null ? "pushState" : "replaceState"](null, "", `/?${asked}`);
    }

    /** While there is something to see, the place for photos is the buttons beside the title. */
    #place(some) {
        this.columns.hidden = !some;
        if (this.first.classList.contains("again") === some) return;
        this.first.classList.toggle("again", some);
        withFocus(this.first, () => (some ? this.head.append(this.first) : this.head.after(this.first)));
    }

    #noFace() {
        history.replaceState(null, "", "/");
        this.#answer.replaceChildren(banner("nobody", "find.noface", null, "find.noface.hint"));
        announce("find.noface");
    }

    #failed(error, again) {
        if (aborted(error)) return;
        this.#file = null;
        this.root.classList.remove("searching");
        this.#picture.settle();
        this.#results.hidden = true;
        if (!this.#token) history.replaceState(null, "", "/");
        this.#answer.replaceChildren(errorNotice(error), button("page.again", { onclick: again }));
    }

    #forget() {
        this.#looking.abort();
        this.#looking = new AbortController();
        this.#searching.abort();
        this.#file = this.#token = this.#answered = null;
        this.#detected = [];
        this.#picture.clear();
        this.#notes.replaceChildren();
        this.#answer.replaceChildren();
        this.#results.hidden = true;
        this.root.classList.remove("searching");
        this.#place(false);
    }
}
