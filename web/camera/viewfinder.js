/** The viewfinder: what the camera sees, which camera it is, and words where there is nothing to be seen. */
import { Camera } from "./camera.js";
import { button, element } from "../element.js";
import { aborted, errorNotice } from "../errors.js";
import { PhotoError } from "../photo.js";

/** Show the camera; `live(shown)` is called when there is a picture of it, and when there is none any more. */
export class Viewfinder {
    camera = new Camera();
    #live;
    #message = element("div", { class: "viewfinder-message" });
    #frame = element("div", { class: "viewfinder-frame", hidden: true }, this.camera.video);
    #devices = element("select", { onchange: ({ target }) => this.open(target.value) });
    #choice = element("label", { class: "row" }, element("span", { text: "camera.choose" }), this.#devices);

    constructor(live, ...over) {
        this.#live = live;
        this.#choice.hidden = true;
        this.#frame.append(...over);
        this.root = element("div", { class: "viewfinder" }, this.#frame, this.#message, this.#choice);
        this.camera.addEventListener("lost", ({ detail }) => this.#fail(new PhotoError(detail)));
    }

    /** Open the camera, or say in words why it cannot be. */
    async open(deviceId) {
        this.#live(false);
        this.#frame.hidden = true;
        this.#message.replaceChildren(element("p", { class: "faint working", text: "camera.opening" }));
        try {
            await this.camera.open(deviceId);
            this.#message.replaceChildren();
            this.#frame.hidden = false;
            this.#live(true);
            await this.#list();
        } catch (error) {
            this.#fail(error);
        }
    }

    /** Let the camera go. */
    close() {
        this.camera.close();
        this.#live(false);
        this.#frame.hidden = true;
        this.#message.replaceChildren();
    }

    #fail(error) {
        if (aborted(error)) return;
        this.camera.close();
        this.#live(false);
        this.#frame.hidden = true;
        const again = button("camera.again", { icon: "camera", onclick: () => this.open() });
        this.#message.replaceChildren(errorNotice(error), again);
    }

    async #list() {
        const devices = await this.camera.devices();
        const named = ({ deviceId, label }, place) => {
            const words = label ? {} : { text: ["camera.device", { number: place + 1 }] };
            return element("option", { value: deviceId, ...words }, label || null);
        };
        this.#devices.replaceChildren(...devices.map(named));
        this.#devices.value = this.camera.deviceId;
        this.#choice.hidden = devices.length < 2;
    }
}
