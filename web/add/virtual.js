/** A list of any length that has elements only for what is on the screen, around it, and around the focus. */
import { eachFrame, element, word } from "../element.js";

const AROUND = 6;

/**
 * Show items in rows of one height, the `--row` of the style sheet, in a page that scrolls. `make(item)` returns a row,
 * `{root, gone()}`, for an item that comes near the screen; `gone` is called when it leaves. A row that has the focus
 * stays, with its neighbours, so that the keyboard goes on from where it is.
 */
export class VirtualList {
    #items = [];
    #places = new Map();
    #rows = new Map();
    root = element("div", { class: "virtual", role: "list" });

    constructor(make, label) {
        this.make = make;
        word(this.root, "label", label);
        const render = eachFrame(() => this.render());
        addEventListener("scroll", render, { passive: true });
        addEventListener("resize", render);
        this.root.addEventListener("focusin", render);
    }

    /** Show these items, in this order; rows of those that were there before stay as they are. */
    setItems(items) {
        const last = this.#focused();
        const place = this.#places.get(last);
        this.#items = items;
        this.#places = new Map(items.map((item, number) => [item, number]));
        this.root.style.setProperty("--count", items.length);
        const lost = last !== null && !this.#places.has(last);
        for (const [item, row] of this.#rows) if (!this.#places.has(item)) this.#drop(item, row);
        this.render();
        if (lost) this.#focusNear(place);
    }

    /** Return the row of an item, or null when it has none now. */
    row(item) {
        return this.#rows.get(item) ?? null;
    }

    /** Make the rows that are to be seen, and take away those that are not. */
    render() {
        if (!this.root.checkVisibility()) return;
        const wanted = this.#wanted();
        for (const [item, row] of this.#rows) if (!wanted.has(this.#places.get(item))) this.#drop(item, row);
        let before = this.root.firstChild;
        for (const place of [...wanted].sort((a, b) => a - b)) {
            const item = this.#items[place];
            const row = this.#rows.get(item) ?? this.#make(item);
            row.root.style.setProperty("--place", place);
            row.root.setAttribute("aria-posinset", place + 1);
            row.root.setAttribute("aria-setsize", this.#items.length);
            // A row that is moved loses the focus, so those that are there stay where they are.
            if (row.root === before) before = before.nextSibling;
            else this.root.insertBefore(row.root, before);
        }
    }

    /** Return the places of the rows to be had: on the screen, around it, and around the focus. */
    #wanted() {
        const count = this.#items.length;
        if (!count) return new Set();
        const { top, height } = this.root.getBoundingClientRect();
        const each = height / count;
        const first = Math.floor(-top / each) - AROUND;
        const last = Math.ceil((innerHeight - top) / each) + AROUND;
        const wanted = new Set();
        const put = (from, to) => {
            for (let place = Math.max(0, from); place < Math.min(count, to); place++) wanted.add(place);
        };
        put(first, last);
        const focus = this.#places.get(this.#focused());
        if (focus !== undefined) put(focus - 1, focus + 2);
        return wanted;
    }

    #focused() {
        const active = document.activeElement;
        if (!this.root.contains(active)) return null;
        for (const [item, { root }] of this.#rows) if (root.contains(active)) return item;
        return null;
    }

    #focusNear(place) {
        const next = this.#items[Math.min(place, this.#items.length - 1)];
        if (next === undefined) this.root.dispatchEvent(new Event("emptied"));
        else this.row(next)?.root.focus({ preventScroll: true });
    }

    #make(item) {
        const row = this.make(item);
        row.root.setAttribute("role", "listitem");
        row.root.tabIndex = -1;
        this.#rows.set(item, row);
        return row;
    }

    #drop(item, row) {
        this.#rows.delete(item);
        row.root.remove();
        row.gone?.();
    }
}
