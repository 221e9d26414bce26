/** Verify: two photos, or a photo and the camera, and whether they show the same person. */
import { aim } from "./aim.js";
import { compare, loaded, verifyFace } from "../api.js";
import { announce, button, element } from "../element.js";
import { aborted, errorNotice } from "../errors.js";
import { intake } from "../intake.js";
import { likeness, match } from "./outcome.js";
import { patiently } from "../patience.js";
import { Side } from "./side.js";

/** Make the view, or return null when a part of it is missing; the URL says which two faces are compared. */
export default async function view(root, go) {
    const finday = document.documentElement.dataset.dialects.split(" ").includes("finday");
    const module = finday ? await loaded(() => import("./registered.js")) : {};
    if (!module) return null;
    const verifier = new Verifier(root, go, module.Registered);
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
    #opening = new AbortController();
    #registered = null;
    #booth = null;

    constructor(root, go, Registered) {
        this.root = root;
        this.go = go;
        const title = element("h1", { tabIndex: -1, class: "view-title", text: "verify.title" });
        const ways = element("div", { class: "row" }, this.#swap, this.#over);
        const head = element("div", { class: "view-head" }, title, ways);
        this.#second.place.querySelector(".row").append(this.#camera);
        root.append(head, element("div", { class: "sides" }, this.#first.root, this.#second.root), this.#answer);
        if (Registered) {
            // Finday's registered photo, on the first side.
            this.#registered = new Registered(() => this.#useRegistered());
            this.#first.root.append(this.#registered.root);
        }
        aim(root, this.#sides, (side) => this.#isEmpty(side), (side, file) => this.#take(side, file));
    }

    async shown(parameters) {
        this.#closeBooth();
        this.#registered?.clear();
        this.#comparing.abort();
        this.#answer.replaceChildren();
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
        return new Side(name, place, () => !this.#registered?.url, (another) => this.#changed(another));
    }

    #isEmpty(side) {
        return side.isEmpty && !(side === this.#first && this.#registered?.url);
    }

    #named(name) {
        return this.#sides.find((side) => side.name === name);
    }

    #take(side, file, captured = false) {
        this.#answer.replaceChildren();
        if (side === this.#second) {
            this.#closeBooth();
        } else if (this.#registered) {
            const { url } = this.#registered;
            this.#registered.clear();
            if (url) this.#second.look();
        }
        return side.take(file, captured);
    }

    /** A photo or a URL takes the place of the other on the first side; with a URL no face of the second is chosen. */
    #useRegistered() {
        if (this.#registered.url) this.#first.clear();
        else this.#second.look();
        this.#changed(true);
    }

    #changed(another) {
        const { url } = this.#registered ?? {};
        if (url && this.#second.isMarked) this.#second.unmark();
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
        if (url) return b.photo && patiently(() => verifyFace(b.photo, url, signal), signal).then(match);
        if (!a.token || !b.token) return null;
        return patiently(() => compare(a.token, b.token, signal), signal).then(({ distance }) => likeness(distance));
    }

    #next() {
        return this.#registered?.url ? "verify.next.registered" : "verify.next";
    }

    #exchange() {
        this.#closeBooth();
        this.#first.swap(this.#second);
        this.#changed(false);
        for (const side of this.#sides) side.look();
    }

    #startOver() {
        this.go("/verify");
    }

    async #openBooth() {
        this.#closeBooth();
        const { signal } = (this.#opening = new AbortController());
        const module = await loaded(() => import("./booth.js"));
        if (signal.aborted || !module) return;
        // A photo may be ready only after the booth was left.
        const captured = (photo) => signal.aborted || this.#captured(photo);
        this.#booth = new module.Booth(captured, () => this.#leaveBooth());
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
        this.#opening.abort();
        this.#booth?.close();
        this.#booth?.root.remove();
        this.#booth = null;
        this.#second.own.hidden = false;
    }
}
