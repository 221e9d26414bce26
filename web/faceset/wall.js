/** The wall of faces: as many rows as there are in the set to scroll through, as many on the page as are seen. */
import { eachFrame, element } from "../element.js";
import { probe } from "./row.js";
import { Rows } from "./rows.js";
import { Track } from "./track.js";

const BEYOND = 3;
const SETTLED_MS = 100;
// Pixels in a millisecond: faster than this nobody looks at faces, and faster than that pages of names fly by, too.
const LOOKING = 1.5;
const FLYING = 6;
const EDGE = 4;

/**
 * Show `pages`; `chosen(token)` says which faces are, `above()` how many pixels of the window's upper edge are covered.
 * One cell can be reached by Tab; keys are for who made the wall. A row that holds the focus is never taken away.
 */
export class Wall {
    active = 0;
    columns = 1;
    #pages = null;
    #track = new Track();
    #height = 0;
    #rowCount = -1;
    #length = -1;
    #seen = { top: 0, at: 0 };
    #settle = null;
    #probe = probe();
    root = element("div", { class: "wall", role: "grid", label: "faceset.wall", ariaMultiSelectable: "true" });
    #rows = new Rows(this.root);

    constructor({ chosen, above }) {
        this.chosen = chosen;
        this.above = above;
        this.update = eachFrame(() => this.#render());
        this.measure = eachFrame(() => this.#measure());
        this.frame = element("div", { class: "wall-frame" }, this.root, this.#probe);
        addEventListener("scroll", this.update, { passive: true });
        addEventListener("resize", this.measure);
        new ResizeObserver(this.measure).observe(this.frame);
        this.root.addEventListener("focusin", ({ target }) => {
            this.active = target.closest(".wall-cell").cell.place;
            this.update();
        });
    }

    get count() {
        return this.#pages?.count ?? 0;
    }

    at(index) {
        return this.#pages.at(index);
    }

    /** Show other pages: from the top, or `stay` with the faces that are seen, as far as they are among them. */
    show(pages, stay) {
        const first = this.#first;
        const [top, active] = [first, this.active].map((index) => this.#pages?.at(index));
        this.#pages = pages;
        this.active = stay ? (this.#indexOf(active) ?? this.active) : 0;
        const moved = this.#rowOf(this.#indexOf(top) ?? first) - this.#rowOf(first);
        this.#measure();
        if (!stay && this.#track.top > 0) this.#go(-this.above());
        else if (moved && this.#track.top > 0) this.#go(this.#track.top + moved * this.#height);
        this.#render(true);
    }

    /** Scroll to an index. */
    see(index) {
        this.#go(this.#rowOf(index) * this.#height - this.above());
    }

    /** Move the focus to an index, or to the nearest there is; return whether there is one. */
    focus(index) {
        if (!this.count) return false;
        this.active = Math.min(Math.max(index, 0), this.count - 1);
        this.#reveal(this.#rowOf(this.active));
        this.#render();
        this.#cell(this.active)?.link.focus({ preventScroll: true });
        return true;
    }

    /** How many whole rows are seen at once. */
    get rowsSeen() {
        return Math.max(Math.floor((innerHeight - this.above()) / this.#height), 1);
    }

    /** The indexes of the first and the last face that are seen. */
    get seen() {
        return [this.#first, this.#first + (this.rowsSeen + 1) * this.columns];
    }

    get holdsFocus() {
        return this.root.contains(document.activeElement);
    }

    get #first() {
        return Math.max(Math.round((this.#track.top + this.above()) / (this.#height || 1)), 0) * this.columns;
    }

    #indexOf(face) {
        const index = face ? this.#pages.indexOf(face.face_token) : -1;
        return index < 0 ? null : index;
    }

    #rowOf(index) {
        return Math.floor(index / this.columns);
    }

    #cell(index) {
        return this.#rows.at(this.#rowOf(index))?.cells[index % this.columns];
    }

    /** Ask the style sheet how many columns fit and how high a row is, and keep the place. */
    #measure() {
        if (!this.frame.checkVisibility()) return;
        const first = this.#first;
        const { gridTemplateColumns, rowGap } = getComputedStyle(this.#probe);
        const columns = gridTemplateColumns.split(" ").length;
        const height = this.#probe.getBoundingClientRect().height + parseFloat(rowGap);
        const other = columns !== this.columns || height !== this.#height;
        [this.columns, this.#height] = [columns, height];
        this.root.setAttribute("aria-colcount", columns);
        this.#resize();
        if (other && first > 0) this.see(first);
        this.#render(true);
    }

    #resize() {
        const rows = Math.ceil(this.count / this.columns);
        this.#track.resize(rows * this.#height, innerHeight);
        const length = this.#track.height + 2 * EDGE;
        // Kept here: a browser rounds what it says of a long length, and writing it costs time in each frame.
        if (length !== this.#length) this.root.style.height = `${length}px`;
        if (rows !== this.#rowCount) this.root.setAttribute("aria-rowcount", rows);
        [this.#length, this.#rowCount] = [length, rows];
        return rows;
    }

    #render(settled = false) {
        if (!this.#height || !this.frame.checkVisibility()) return;
        const rows = this.#resize();
        this.#track.follow(-this.root.getBoundingClientRect().top);
        const { top } = this.#track;
        const first = Math.max(Math.floor(top / this.#height) - BEYOND, 0);
        const last = Math.min(Math.ceil((top + innerHeight) / this.#height) + BEYOND, rows);
        const speed = settled === true ? 0 : this.#speed(top);
        const held = this.holdsFocus;
        if (this.count && !held) this.#keepActive(top / this.#height);
        if (this.count && held) this.active = Math.min(this.active, this.count - 1);
        this.#fill(first, last);
        if (this.count && held) this.#holdFocus();
        if (speed < FLYING) this.#pages?.want(first * this.columns, last * this.columns - 1);
        if (speed < LOOKING) this.#rows.showCrops(top / this.#height - 2, (top + innerHeight) / this.#height + 1);
        clearTimeout(this.#settle);
        if (speed) this.#settle = setTimeout(() => this.#render(true), SETTLED_MS);
    }

    /** The focus stays where it is in the wall, whatever became of the cells there. */
    #holdFocus() {
        const cell = this.#cell(this.active);
        if (!cell.root.contains(document.activeElement)) cell.link.focus({ preventScroll: true });
    }

    #speed(top) {
        const at = performance.now();
        const speed = Math.abs(top - this.#seen.top) / Math.max(at - this.#seen.at, 1);
        this.#seen = { top, at };
        return speed;
    }

    /** Tab leads to a face that is seen. */
    #keepActive(top) {
        const row = this.#rowOf(Math.min(this.active, this.count - 1));
        const seen = row > top - 1 && row < top + innerHeight / this.#height;
        if (!seen) this.active = Math.min(Math.max(Math.ceil(top), 0) * this.columns, this.count - 1);
    }

    #fill(first, last) {
        this.#rows.show(first, last, this.holdsFocus && this.count ? this.#rowOf(this.active) : -1);
        for (const [index, row] of this.#rows) {
            row.fill(index, this);
            row.move(EDGE + index * this.#height + this.#track.shift);
        }
    }

    #reveal(row) {
        const [top, above] = [row * this.#height, this.above() + EDGE];
        const least = top + this.#height + EDGE - innerHeight;
        const most = top - above;
        if (this.#track.top > most) this.#go(most);
        else if (this.#track.top < least) this.#go(least);
    }

    #go(top) {
        const upper = this.root.getBoundingClientRect().top + scrollY;
        scrollTo(0, upper + this.#track.place(top));
    }
}
