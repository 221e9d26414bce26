/** One side of a comparison: a photo with its faces, of which one is chosen. */
import { poorNotice } from "../answer.js";
import { compare, cropUrl, detect, forget, isUnknown } from "../api.js";
import { button, element } from "../element.js";
import { aborted, errorNotice } from "../errors.js";
import { patiently } from "../patience.js";
import { readPhoto } from "../photo.js";
import { Picture } from "../picture.js";

const EMPTY = { photo: null, found: null, token: null, captured: false, notes: [] };

/**
 * Show a side and the place for its photo. `marks()` says whether faces are to be marked; `changed(another)` is called
 * when there is another photo, or only face.
 */
export class Side {
    #picture = new Picture((face) => this.#choose(face.face_token));
    #notes = element("div", { class: "notes" });
    #taking = new AbortController();
    #content = EMPTY;

    constructor(name, place, marks, changed) {
        this.name = name;
        this.place = place;
        this.marks = marks;
        this.changed = changed;
        this.title = element("h2", { tabIndex: -1, text: `verify.side.${name}` });
        this.own = element("div", { class: "side-own" }, this.#picture.root, this.#notes, place);
        this.root = element("section", { class: "side", data: { side: name } }, this.title, this.own);
        // A page that is left has no use for the faces that nobody chose.
        addEventListener("pagehide", () => this.#release());
    }

    get token() {
        return this.#content.token;
    }

    /** The photo as it was sent; null where there is only the crop of a face, or nothing. */
    get photo() {
        return this.#content.photo instanceof Blob ? this.#content.photo : null;
    }

    get isEmpty() {
        return this.#content.photo === null;
    }

    get isMarked() {
        return this.#content.found !== null;
    }

    /** Take a file, mark its faces and choose the largest; one that was `captured` leaves no face behind but that. */
    async take(file, captured = false) {
        const { signal } = this.clear();
        try {
            const { blob, notes } = await readPhoto(file);
            signal.throwIfAborted();
            this.#show({ ...EMPTY, photo: blob, captured, notes: notes.map(notice) });
            if (this.marks()) await this.#mark(signal);
            else this.#picture.settle();
            this.changed(true);
        } catch (error) {
            this.#fail(error, () => this.take(file, captured));
            if (!aborted(error)) this.changed(true);
        }
    }

    /** Mark the faces of a photo that has no marks. */
    async look() {
        if (this.photo && !this.isMarked) await this.take(this.photo, this.#content.captured);
    }

    /** Show the face of a token again: on its photo where that is still here, else its crop. */
    async restore(token) {
        if (token && token === this.token) return;
        if (token && this.#picture.select(token)) {
            this.#choose(token, false);
            return;
        }
        const { signal } = this.clear();
        if (!token) return;
        try {
            // Whether a token is known can be asked without knowing another one.
            await patiently(() => compare(token, token, signal), signal);
            this.#show({ ...EMPTY, photo: cropUrl(token), token, notes: [notice("verify.crop")] });
            this.#picture.settle();
        } catch (error) {
            const again = () => this.restore(token).then(() => this.changed(false));
            this.#fail(error, isUnknown(error) ? null : again);
        }
    }

    /** Forget the photo; return the AbortController of what comes next. */
    clear() {
        this.stop();
        this.#release();
        this.#show(EMPTY);
        return this.#taking;
    }

    /** Take back the marks: of this photo no face is chosen. */
    unmark() {
        if (this.#content.captured) forget(this.#content.found?.faces ?? []);
        this.#show({ ...this.#content, found: null, token: null });
        this.#picture.settle();
    }

    /** Break off what is under way. */
    stop() {
        this.#taking.abort();
        this.#taking = new AbortController();
        this.#picture.settle();
    }

    /** Exchange what two sides show; marking that is under way is broken off. */
    swap(other) {
        for (const side of [this, other]) if (side.photo) side.stop();
        const mine = this.#content;
        this.#show(other.#content);
        other.#show(mine);
    }

    async #mark(signal) {
        const { photo, captured } = this.#content;
        this.#notes.append(element("p", { class: "faint working", text: "find.looking" }));
        // A capture's tokens must be known to be removed, so its request is not broken off.
        const found = await patiently(() => detect(photo, captured ? undefined : signal), signal);
        if (signal.aborted && captured) forget(found.faces);
        signal.throwIfAborted();
        this.#content = { ...this.#content, found };
        this.#picture.setFaces(found);
        this.#choose(found.faces[0]?.face_token ?? null, false);
    }

    #choose(token, told = true) {
        this.#content = { ...this.#content, token };
        this.#picture.select(token);
        this.#annotate();
        if (told) this.changed(false);
    }

    #show(content) {
        this.#content = content;
        this.place.classList.toggle("again", content.photo !== null);
        if (content.photo) this.#picture.setPhoto(content.photo);
        else this.#picture.clear();
        if (content.found) {
            this.#picture.setFaces(content.found);
            this.#picture.select(content.token);
        } else if (content.token) this.#picture.settle();
        this.#annotate();
    }

    #annotate() {
        const { found, token, notes } = this.#content;
        const face = found?.faces.find(({ face_token }) => face_token === token);
        const several = found?.faces.length > 1 ? notice(["verify.several", { count: found.faces.length }]) : null;
        const nobody = found?.faces.length === 0 ? [notice("find.noface"), notice("find.noface.hint")] : [];
        this.#notes.replaceChildren(...[...notes, ...nobody, several, face ? poorNotice(face) : null].filter(Boolean));
    }

    /** Have the server forget the faces of a captured photo that were not chosen. */
    #release() {
        const { captured, found, token } = this.#content;
        if (!captured || !(found?.faces.length > 1)) return;
        const chosen = found.faces.filter((face) => face.face_token === token);
        forget(found.faces.filter((face) => !chosen.includes(face)));
        this.#show({ ...this.#content, found: { ...found, faces: chosen } });
    }

    #fail(error, again) {
        if (aborted(error)) return;
        this.#picture.settle();
        const retry = again ? button("page.again", { onclick: again }) : null;
        this.#notes.replaceChildren(...[errorNotice(error), retry].filter(Boolean));
    }
}

function notice(text) {
    return element("p", { class: "notice", text });
}
