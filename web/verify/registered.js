/** Finday's registered photo: a URL that the server fetches, since this page may not. */
import { button, element } from "../element.js";

/** Ask for the URL; `changed()` is called when there is one, or none any more. */
export class Registered {
    url = null;
    #input = element("input", { type: "url", required: true, id: "registered", autocomplete: "off" });
    #form = element(
        "form",
        { class: "row registered-form" },
        this.#input,
        element("button", { text: "verify.registered.use" }),
    );
    #used = element("p", { class: "notice", role: "status", hidden: true });

    constructor(changed) {
        this.changed = changed;
        const summary = element("summary", { text: "verify.registered" });
        const label = element("label", { htmlFor: "registered", text: "verify.registered.url" });
        this.root = element("details", { class: "registered" }, summary, label, this.#form, this.#used);
        const other = button("verify.registered.drop", { class: "quiet", onclick: () => this.#drop() });
        this.#used.append(element("span", { text: "verify.registered.used" }), " ", other);
        this.#form.addEventListener("submit", (event) => {
            event.preventDefault();
            this.#turn(this.#input.value.trim());
            this.changed();
        });
    }

    /** Forget the URL. */
    clear() {
        this.#input.value = "";
        this.#turn(null);
    }

    #drop() {
        this.clear();
        this.#input.focus();
        this.changed();
    }

    #turn(url) {
        this.url = url;
        this.#used.hidden = url === null;
        this.root.classList.toggle("used", url !== null);
        this.root.open ||= url !== null;
    }
}
