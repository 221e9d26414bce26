/** A message at the lower edge of the window, with what can be done about it. */
import { announce, button, element, word } from "../element.js";
import { errorKey } from "../errors.js";

let toasts = 0;

/** Show a text, [key, values], until `close`; `actions` are [text, function] pairs, each a button. */
export class Toast {
    #text = element("span", { id: `toast-${toasts++}` });
    #progress = element("progress", { hidden: true, label: "faceset.progress" });
    #clock = element("span", { class: "toast-clock", ariaHidden: "true", hidden: true });

    constructor(text, actions, { bad = false } = {}) {
        const about = { "aria-describedby": this.#text.id };
        const buttons = actions.map(([label, work]) => button(label, { onclick: work, ...about }));
        const shown = [this.#text, this.#progress, this.#clock, ...buttons];
        this.root = element("div", { class: bad ? "toast bad" : "toast" }, ...shown);
        this.say(text);
        document.getElementById("toasts").append(this.root);
    }

    /** Whether its reader is at it: with the pointer or the focus. */
    get held() {
        return this.root.matches(":hover, :focus-within");
    }

    say(text) {
        word(this.#text, "text", text);
    }

    /** Show so many seconds left; who listens to the page is not told each of them. */
    tick(seconds) {
        this.#clock.hidden = false;
        word(this.#clock, "text", ["faceset.seconds", { count: seconds }]);
    }

    /** Show how many of how many are done. */
    advance(done, total) {
        this.#clock.hidden = true;
        this.#progress.hidden = false;
        this.#progress.max = total;
        this.#progress.value = done;
    }

    /** Take the buttons away, when there is nothing to be done any more. */
    disarm() {
        for (const each of this.root.querySelectorAll("button")) each.remove();
    }

    /** Add a text that says more. */
    explain(text) {
        this.#text.after(element("span", { class: "toast-more", text }));
    }

    /** Take it away; a focus in it goes to what the page is about. */
    close() {
        const held = this.root.contains(document.activeElement);
        const rest = this.root.closest("dialog")?.querySelector("h2") ?? document.getElementById("main");
        this.root.remove();
        if (held) rest.focus();
    }
}

/** Say by a text that some work failed, [face, error] pairs, and why; `again(faces)` tries it once more. */
export function tellFailed(failed, text, again) {
    const retry = () => {
        toast.close();
        again(failed.map(([face]) => face));
    };
    const toast = new Toast(text, [["page.again", retry], ["faceset.close", () => toast.close()]], { bad: true });
    toast.explain(errorKey(failed[0][1]));
    announce(...text);
}
