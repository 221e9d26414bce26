/** The faces of one question to the face set, fetched in pages as they are looked at. */
import { faces } from "../api.js";
import { aborted } from "../errors.js";
import { patiently } from "../patience.js";

const SIZE = 200;
const KEPT = 64;
const AT_ONCE = 2;

/**
 * What the face set answers to {name, sort}: faces by index, without those that `removals` hides. `told.changed()` is
 * called when more of them are here, `told.differs()` when an answer counts others than the ones before, and
 * `told.failed(error)`.
 */
export class Pages {
    #loaded = new Map();
    #asking = new Map();
    #wanted = [];
    #places = new Map();
    #hidden = [];
    #total = null;

    constructor(asked, removals, told) {
        this.asked = asked;
        this.removals = removals;
        this.told = told;
    }

    /** How many faces there are; null until that is known. */
    get count() {
        return this.#total === null ? null : Math.max(this.#total - this.#hidden.length, 0);
    }

    /** Return the face at an index, or null while it is not here. */
    at(index) {
        const place = this.#place(index);
        return this.#loaded.get(Math.floor(place / SIZE))?.[place % SIZE] ?? null;
    }

    /** Return the index of a face that is here, or -1. */
    indexOf(token) {
        const place = this.#places.get(token);
        if (place === undefined || this.removals.has(token)) return -1;
        return place - this.#hidden.filter((hidden) => hidden < place).length;
    }

    /** Fetch the faces from one index to another, those two included, and nothing else that was asked for before. */
    want(first, last) {
        const numbers = this.#numbers(first, last);
        this.#wanted = numbers.filter((number) => !this.#loaded.has(number) && !this.#asking.has(number));
        for (const number of numbers) this.#touch(number);
        for (const [number, controller] of this.#asking) if (!numbers.includes(number)) controller.abort();
        this.#fetchNext();
    }

    /** Return the faces from one index to another, those two included; they may be more than are kept here. */
    async load(first, last, signal) {
        const [from, to] = [this.#place(first), this.#place(last)];
        const found = [];
        for (const number of this.#numbers(first, last)) {
            if (!this.#loaded.has(number)) await patiently(() => this.#fetch(number, signal), signal);
            // Now, as the pages that follow may push this one out.
            const start = number * SIZE;
            found.push(...this.#loaded.get(number).slice(Math.max(from - start, 0), Math.max(to - start + 1, 0)));
        }
        return found.filter((face) => !this.removals.has(face.face_token));
    }

    /** Hide and show what the removals say by now. */
    sync() {
        const places = [...this.removals.tokens].map((token) => this.#places.get(token));
        this.#hidden = places.filter((place) => place !== undefined).sort((a, b) => a - b);
    }

    /** Give a face that is here another name. */
    rename(token, name) {
        const place = this.#places.get(token);
        const page = this.#loaded.get(Math.floor(place / SIZE));
        if (page) page[place % SIZE].face_name = name;
    }

    /** Ask for nothing any more. */
    close() {
        this.told = null;
        this.#wanted = [];
        for (const controller of this.#asking.values()) controller.abort();
    }

    #numbers(first, last) {
        const from = Math.floor(this.#place(Math.max(first, 0)) / SIZE);
        const most = this.#total === null ? from : Math.max(Math.ceil(this.#total / SIZE) - 1, 0);
        const to = Math.min(Math.floor(this.#place(Math.max(last, 0)) / SIZE), most);
        return Array.from({ length: Math.max(to - from + 1, 0) }, (_, step) => from + step);
    }

    /** Return the place on the server: as many further on as there are hidden ones before it. */
    #place(index) {
        let [low, high] = [0, this.#hidden.length];
        while (low < high) {
            const middle = (low + high) >> 1;
            if (this.#hidden[middle] - middle <= index) low = middle + 1;
            else high = middle;
        }
        return index + low;
    }

    #fetchNext() {
        while (this.told && this.#asking.size < AT_ONCE && this.#wanted.length) this.#ask(this.#wanted.shift());
    }

    async #ask(number) {
        const controller = new AbortController();
        this.#asking.set(number, controller);
        try {
            await patiently(() => this.#fetch(number, controller.signal), controller.signal);
            this.told?.changed();
        } catch (error) {
            if (!aborted(error)) this.told?.failed(error);
        } finally {
            this.#asking.delete(number);
            this.#fetchNext();
        }
    }

    async #fetch(number, signal) {
        const { name, sort } = this.asked;
        const answer = await faces({ limit: SIZE, offset: number * SIZE, sort, face_name: name }, signal);
        if (this.#total !== null && this.#total !== answer.total) this.told?.differs();
        this.#total ??= answer.total;
        this.#loaded.set(number, answer.faces);
        answer.faces.forEach((face, step) => this.#places.set(face.face_token, number * SIZE + step));
        while (this.#loaded.size > KEPT) this.#forget(this.#loaded.keys().next().value);
        this.sync();
    }

    #touch(number) {
        const page = this.#loaded.get(number);
        if (!page) return;
        this.#loaded.delete(number);
        this.#loaded.set(number, page);
    }

    #forget(number) {
        const gone = this.#loaded.get(number).filter((face) => !this.removals.has(face.face_token));
        // Those that are hidden keep their places: all that follow are counted without them.
        for (const { face_token: token } of gone) this.#places.delete(token);
        this.#loaded.delete(number);
    }
}
