/** What the wall shows: the faces of the last question to the face set, asked anew when they have changed. */
import { Pages } from "./pages.js";

/**
 * Events: "answer" with {stay, seen} as `detail` when there are other `pages`, "more" when more of them are here,
 * "failed" with the error. `removals` says what is hidden, `seen()` the indexes of the first and last face on screen.
 */
export class Listing extends EventTarget {
    pages = null;
    #abort = new AbortController();

    constructor(removals, seen) {
        super();
        this.removals = removals;
        this.seen = seen;
        removals.addEventListener("gone", () => this.refresh());
    }

    /** Tell whether {name, sort} is what was asked last. */
    answers({ name, sort }) {
        return this.pages?.asked.name === name && this.pages.asked.sort === sort;
    }

    /** Ask anew; what is shown stays until the faces from the first to the last index of `seen` are here. */
    async ask(asked, { stay = false, seen = [0, 0] } = {}) {
        this.#abort.abort();
        this.#abort = new AbortController();
        const { signal } = this.#abort;
        const failed = (error) => this.#tell("failed", error);
        const pages = new Pages(asked, this.removals, {
            changed: () => this.#tell("more"),
            differs: () => this.#differs(pages),
            failed,
        });
        try {
            await pages.load(0, 0, signal);
            await pages.load(...seen.map((index) => Math.min(index, pages.count - 1)), signal);
        } catch (error) {
            pages.close();
            return failed(error);
        }
        this.pages?.close();
        this.pages = pages;
        return this.#tell("answer", { stay, seen });
    }

    /** Look whether others have changed the face set; the wall stays where it is. */
    refresh() {
        if (this.pages) this.ask(this.pages.asked, { stay: true, seen: this.seen() });
    }

    /** Return the index of a face that is here, or -1. */
    indexOf(token) {
        return this.pages?.indexOf(token) ?? -1;
    }

    /** Return the face of a token when it is here, or null. */
    known(token) {
        const index = this.indexOf(token);
        return index < 0 ? null : this.pages.at(index);
    }

    /** Return the face so many places behind another one, or null. */
    async step(token, by) {
        const index = this.indexOf(token);
        const next = index + by;
        if (index < 0 || next < 0 || next >= this.pages.count) return null;
        return (await this.pages.load(next, next, this.#abort.signal))[0] ?? null;
    }

    /** Return the faces from one index to another, or as far as there are; none when they cannot be had. */
    async range(first, last) {
        try {
            return await this.pages.load(first, Math.min(last, this.pages.count - 1), this.#abort.signal);
        } catch (error) {
            this.#tell("failed", error);
            return [];
        }
    }

    /** The face set has changed elsewhere, or by removals that go on; those tell when they are done. */
    #differs(pages) {
        if (pages === this.pages && !this.removals.going) this.refresh();
    }

    #tell(kind, detail) {
        this.dispatchEvent(new CustomEvent(kind, { detail }));
    }
}
