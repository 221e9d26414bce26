/** A dialog that takes one photo with the camera. */
import { button, element } from "../element.js";
import { Viewfinder } from "./viewfinder.js";

/** Have the reader take a photo; return it as a File, or null when there is to be none. */
export function takePhoto() {
    return new Promise((done) => new Snapshot(done));
}

class Snapshot {
    #photo = null;
    #leaving = new AbortController();
    #take = button("camera.take", { icon: "camera", class: "primary", disabled: true, onclick: () => this.#capture() });
    #cancel = button("camera.cancel", { onclick: () => this.#dialog.close() });
    #viewfinder = new Viewfinder((shown) => this.#ready(shown));
    #dialog = element(
        "dialog",
        { class: "snapshot", label: "camera.title", onclose: () => this.#closed() },
        element("h2", { text: "camera.title" }),
        this.#viewfinder.root,
        element("div", { class: "row" }, this.#take, this.#cancel),
    );

    constructor(done) {
        this.done = done;
        document.body.append(this.#dialog);
        this.#dialog.showModal();
        // The back button leads to another view, over which this would stay.
        addEventListener("popstate", () => this.#dialog.close(), { signal: this.#leaving.signal });
        this.#viewfinder.open();
    }

    #ready(shown) {
        const chosen = document.activeElement.matches("select");
        this.#take.disabled = !shown;
        if (!chosen) (shown ? this.#take : this.#cancel).focus();
    }

    async #capture() {
        const taking = this.#viewfinder.camera.photo();
        this.#take.disabled = true;
        this.#photo = await taking;
        this.#dialog.close();
    }

    #closed() {
        this.#leaving.abort();
        this.#viewfinder.close();
        this.#dialog.remove();
        this.done(this.#photo);
    }
}
