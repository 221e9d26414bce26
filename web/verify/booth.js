/** The booth: a face that keeps still before the camera is photographed after a countdown, or at once on demand. */
import { button, element, word } from "../element.js";
import { Presence } from "./presence.js";
import { Viewfinder } from "../camera/viewfinder.js";

const SECONDS = 3;

/** Show the booth; `taken(photo)` gets a File, `left()` is called when the reader wants none. */
export class Booth {
    #count = element("p", { class: "countdown distance", ariaHidden: "true" });
    #guide = element("div", { class: "guide", ariaHidden: "true" });
    #viewfinder = new Viewfinder((shown) => this.#ready(shown), this.#guide, this.#count);
    #presence = new Presence(this.#viewfinder.camera, (state, count) => this.#told(state, count));
    #hint = element("p", { class: "hint", role: "status" });
    #several = element("p", { class: "faint", hidden: true });
    #take = button("verify.live.now", { icon: "camera", class: "primary", hidden: true });
    #cancel = button("camera.cancel", { onclick: () => this.left() });
    #timer = null;
    #state = null;

    constructor(taken, left) {
        this.taken = taken;
        this.left = left;
        this.#take.addEventListener("click", () => this.#capture());
        const ways = element("div", { class: "row centred" }, this.#take, this.#cancel);
        const words = element("div", { class: "booth-words" }, this.#hint, this.#several);
        this.root = element("div", { class: "booth" }, this.#viewfinder.root, words, ways);
    }

    open() {
        this.#cancel.focus();
        return this.#viewfinder.open();
    }

    close() {
        this.#viewfinder.close();
    }

    #ready(shown) {
        this.#state = null;
        this.#stopCounting();
        const { activeElement: focused } = document;
        this.#take.hidden = !shown;
        this.#several.hidden = true;
        word(this.#hint, "text", shown ? "verify.live.looking" : "");
        if (focused === (shown ? this.#cancel : this.#take) || focused === document.body) {
            (shown ? this.#take : this.#cancel).focus();
        }
        if (!shown) return this.#presence.stop();
        return this.#presence.start();
    }

    #told(state, count) {
        this.#several.hidden = count < 2;
        if (count > 1) word(this.#several, "text", ["verify.live.several", { count }]);
        // Said once, not at every look.
        if (state === this.#state) return;
        this.#state = state;
        word(this.#hint, "text", [`verify.live.${state}`, { count: SECONDS }]);
        this.root.classList.toggle("counting", state === "still");
        if (state === "still") this.#tick(SECONDS);
        else this.#stopCounting();
    }

    #tick(left) {
        if (left === 0) {
            this.#capture();
            return;
        }
        this.#count.textContent = left;
        this.#timer = setTimeout(() => this.#tick(left - 1), 1000);
    }

    #stopCounting() {
        clearTimeout(this.#timer);
        this.#count.textContent = "";
        this.root.classList.remove("counting");
    }

    async #capture() {
        const taking = this.#viewfinder.camera.photo();
        this.#stopCounting();
        this.#presence.stop();
        this.taken(await taking);
    }
}
