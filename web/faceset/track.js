/** The way from the scroll bar to the rows: browsers end at some 17 or 33 million pixels, a face set need not. */

export const LONGEST = 8_000_000;
// Nobody comes this far in one frame by wheel, key or finger: it is the scroll bar that was dragged.
const JUMP = 4000;
const NEAR_END = 200_000;

/**
 * Where in a content of any length the window is. Small steps move it by as many pixels; dragging the scroll bar goes
 * to the same share of the content; near the ends steps stretch, so that both ends are reached together.
 */
export class Track {
    #scroll = 0;
    #length = 0;
    #view = 0;
    top = 0;

    /** Take the length of the content and of the window, in pixels; the place in the content stays. */
    resize(length, view) {
        this.#length = length;
        this.#view = view;
        this.#scroll = this.#scrollAt(this.top);
    }

    /** The height that the element on the page has. */
    get height() {
        return Math.min(this.#length, LONGEST);
    }

    /** How far the content is moved down in that element. */
    get shift() {
        return this.#mapped ? this.#scroll - Math.min(Math.max(this.top, 0), this.#lastTop) : 0;
    }

    /** Go along with the scroll bar, in pixels from the upper edge of the element; outside of it, pixel by pixel. */
    follow(asked) {
        const scroll = Math.min(Math.max(asked, 0), this.#last);
        if (!this.#mapped) this.top = asked;
        else if (asked <= 0) this.top = asked;
        else if (asked >= this.#last) this.top = this.#lastTop + asked - this.#last;
        else this.top = this.#within(scroll, scroll - this.#scroll);
        this.#scroll = scroll;
    }

    /** Go to a place in the content, and return where the scroll bar has to be for it. */
    place(top) {
        const near = Math.abs(top - this.top) < JUMP && top > 0 && top < this.#lastTop && this.#scroll > 0;
        const scroll = near ? this.#scroll + (top - this.top) / this.#rate(top - this.top) : this.#scrollAt(top);
        this.top = top;
        this.#scroll = Math.min(Math.max(scroll, 0), this.#last);
        return this.#mapped && top >= 0 && top <= this.#lastTop ? this.#scroll : scroll;
    }

    get #mapped() {
        return this.#length > LONGEST;
    }

    get #last() {
        return Math.max(this.height - this.#view, 0);
    }

    get #lastTop() {
        return Math.max(this.#length - this.#view, 0);
    }

    #within(scroll, moved) {
        if (Math.abs(moved) > JUMP) return (scroll * this.#lastTop) / this.#last;
        const from = Math.min(Math.max(this.top, 0), this.#lastTop);
        return Math.min(Math.max(from + moved * this.#rate(moved), 0), this.#lastTop);
    }

    #rate(moved) {
        if (!this.#mapped) return 1;
        if (moved < 0) return this.#scroll < NEAR_END ? this.top / this.#scroll : 1;
        return this.#last - this.#scroll < NEAR_END ? (this.#lastTop - this.top) / (this.#last - this.#scroll) : 1;
    }

    #scrollAt(top) {
        if (!this.#mapped || top < 0) return top;
        if (top > this.#lastTop) return this.#last + top - this.#lastTop;
        return (top * this.#last) / this.#lastTop;
    }
}
