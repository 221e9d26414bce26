/** Verify: two photos, or a photo and the camera, and whether they show the same person. */
import { compare, verifyFace } from "../api.js";
import { announce, button, element } from "../element.js";
import { aborted, errorNotice } from "../errors.js";
import { intake } from "../intake.js";
import { likeness, match } from "./outcome.js";
import { Side } from "./side.js";

/** Make the view; the URL says which two faces are compared. */
export default async function view(root, go) {
    const verifier = new Verifier(root, go);
    if (document.documentElement.dataset.dialects.split(" ").includes("finday")) await verifier.offerRegistered();
    return { shown: (parameters) => verifier.shown(parameters), hidden: () => verifier.hidden() };
}

class Verifier {
    #camera = button("intake.camera", { icon: "camera", onclick: () => this.#openBooth() });
    #first = this.#side("a", "verify.hint", true);
    #second = this.#side("b", "verify.hint.camera", false);
    #sides = [this.#first, this.#second];
    #swap = button("verify.swap", { onclick: () => this.#exchange() });
    #over = button("verify.over", { onclick: () => this.#startOver() });
    #answer = element("div", { class: "answer verify-answer" });
    #comparing = new AbortController();
    #registered = null;
    #booth = null;

    constructor(root, go) {
        this.root = root;
        this.go = go;
        const title = element("h1", { tabIndex: -1, class: "view-title", text: "verify.title" });
        const ways = element("div", { class: "row" }, this.#swap, this.#over);
        const head = element("div", { class: "view-head" }, title, ways);
        this.#second.place.querySelector(".row").append(this.#camera);
        root.append(head, element("div", { class: "sides" }, this.#first.root, this.#second.root), this.#answer);
        // Before the places for photos, which take whatever comes, each for itself.
        for (const kind of ["paste", "dragover", "drop"]) addEventListener(kind, (event) => this.#aim(event), true);
        for (const kind of ["dragleave", "dragend"]) addEventListener(kind, () => this.#light(null));
    }

    /** Offer a registered photo of Finday on the first side. */
    async offerRegistered() {
        const { Registered } = await import("./registered.js");
        this.#registered = new Registered(() => this.#useRegistered());
        this.#first.root.append(this.#registered.root);
    }

    async shown(parameters) {
        this.#closeBooth();
        this.#registered?.clear();
        await Promise.all(this.#sides.map((side) => side.restore(parameters.get(side.name))));
        await this.#tell();
    }

    hidden() {
        this.#closeBooth();
        this.#comparing.abort();
        for (const side of this.#sides) side.stop();
    }

    #side(name, hint, camera) {
        const take = ([file]) => this.#take(this.#named(name), file);
        const place = intake({ title: "find.drop", hint, camera, take });
        return new Side(name, place, (another) => this.#changed(another));
    }

    #named(name) {
        return this.#sides.find((side) => side.name === name);
    }

    #take(side, file, captured = false) {
        if (side === this.#second) this.#closeBooth();
        else this.#registered?.clear();
        this.#answer.replaceChildren();
        return side.take(file, { captured, marked: !this.#registered?.url });
    }

    /** A photo or a URL takes the place of the other on the first side; with a URL no face of the second is chosen. */
    #useRegistered() {
        if (this.#registered.url) this.#first.clear();
        this.#changed(true);
    }

    #changed(another) {
        const { url } = this.#registered ?? {};
        if (url && this.#second.isMarked) this.#second.unmark();
        if (!url && this.#second.photo && !this.#second.isMarked) return this.#take(this.#second, this.#second.photo);
        const asked = this.#sides.filter(({ token }) => token).map(({ name, token }) => [name, token]);
        const path = asked.length ? `/verify?${new URLSearchParams(asked)}` : "/verify";
        // A step of the history is a photo, not each face of it.
        history[another && path !== location.pathname + location.search ? "pushState" : "replaceState"](null, "", path);
        return this.#tell();
    }

    async #tell() {
        this.#comparing.abort();
        this.#comparing = new AbortController();
        const { signal } = this.#comparing;
        this.#swap.disabled = this.#sides.every((side) => side.isEmpty) || Boolean(this.#registered?.url);
        const asking = this.#asking(signal);
        const waiting = asking ? "verify.comparing" : this.#next();
        this.#answer.replaceChildren(element("p", { class: asking ? "faint working" : "faint", text: waiting }));
        if (!asking) return;
        try {
            const { said, parts } = await asking;
            this.#answer.replaceChildren(...parts);
            announce(...said);
        } catch (error) {
            if (aborted(error)) return;
            const again = button("page.again", { onclick: () => this.#tell() });
            this.#answer.replaceChildren(errorNotice(error), element("div", { class: "row" }, again));
            // Finday's reasons are made for the people before the camera.
            if (error.code === "finday") this.#answer.querySelector("details").open = true;
        }
        this.#answer.scrollIntoView({ block: "nearest" });
    }

    /** Return what is asked of the server now that both sides have something, or null. */
    #asking(signal) {
        const [a, b] = this.#sides;
        const url = this.#registered?.url;
        if (url) return b.photo && verifyFace(b.photo, url, signal).then(match);
        return a.token && b.token ? compare(a.token, b.token, signal).then(({ distance }) => likeness(distance)) : null;
    }

    #next() {
        return this.#registered?.url ? "verify.next.registered" : "verify.next";
    }

    #exchange() {
        this.#closeBooth();
        this.#first.swap(this.#second);
        this.#changed(false);
    }

    #startOver() {
        this.go("/verify");
    }

    async #openBooth() {
        const { Booth } = await import("./booth.js");
        this.#closeBooth();
        this.#booth = new Booth((photo) => this.#captured(photo), () => this.#leaveBooth());
        this.#second.own.hidden = true;
        this.#second.root.append(this.#booth.root);
        await this.#booth.open();
    }

    #captured(photo) {
        this.#second.title.focus();
        return this.#take(this.#second, photo, true);
    }

    #leaveBooth() {
        this.#closeBooth();
        this.#camera.focus();
    }

    #closeBooth() {
        this.#booth?.close();
        this.#booth?.root.remove();
        this.#booth = null;
        this.#second.own.hidden = false;
    }

    /** Give what is pasted or dropped to the side that is meant: that under it, or that waits for a photo. */
    #aim(event) {
        const files = [...((event.clipboardData ?? event.dataTransfer)?.files ?? [])];
        const dragged = event.type === "dragover" && event.dataTransfer?.types.includes("Files");
        if (!this.root.checkVisibility() || (!files.length && !dragged)) return;
        event.preventDefault();
        event.stopImmediatePropagation();
        const on = this.#sides.find(({ root }) => root.contains(event.target));
        const side = (event.type === "paste" ? null : on) ?? this.#waiting();
        this.#light(dragged ? side : null);
        if (files.length > 1) this.#sides.forEach((each, place) => this.#take(each, files[place]));
        else if (files.length) this.#take(side, files[0]);
    }

    #waiting() {
        const focused = this.#sides.filter(({ root }) => root.contains(document.activeElement));
        const empty = (side) => side.isEmpty && !(side === this.#first && this.#registered?.url);
        return focused.find(empty) ?? this.#sides.find(empty) ?? focused[0] ?? this.#second;
    }

    #light(side) {
        for (const each of this.#sides) each.place.classList.toggle("over", each === side);
    }
}
