/** The threshold: a slider over the histogram of all distances, with the calibrated points marked. */
import { drawing, eachFrame, element, word } from "../element.js";
import { POINTS, pointAt, USUAL, WIDEST } from "../verdict.js";
import { distanceText } from "../texts.js";

export const STEP = 0.01;
export const BINS = Math.round(WIDEST / STEP);
const HEIGHT = 40;
const LABELLED = ["documented", "usual", "balanced"];

/** Show and choose a threshold; `change(value)` is called when the reader moves it, at most once a frame. */
export class Threshold {
    #counts = [];
    #faces = 0;
    #bars = drawing("path", { class: "bars" });
    #inside = drawing("path", { class: "bars within" });
    #value = element("output", { class: "distance" });
    #found = element("p", { class: "faint" });
    #input = element("input", { type: "range", min: 0, max: WIDEST, step: STEP, value: USUAL, id: "within" });

    constructor(change) {
        const moved = eachFrame(() => change(this.value));
        this.#input.addEventListener("input", () => {
            this.#tell();
            moved();
        });
        const view = { viewBox: `0 0 ${BINS} ${HEIGHT}`, preserveAspectRatio: "none", class: "histogram" };
        const shapes = [this.#bars, this.#inside, ...POINTS.map(tick)];
        const histogram = drawing("svg", { "aria-hidden": "true", ...view }, ...shapes);
        const label = element("label", { htmlFor: "within", text: "threshold.within" });
        this.root = element(
            "div",
            { class: "threshold" },
            element("div", { class: "row spread" }, label, this.#value),
            element("div", { class: "threshold-track" }, histogram, this.#input),
            element("div", { class: "threshold-marks", ariaHidden: "true" }, ...LABELLED.map(mark)),
            this.#found,
        );
        this.#tell();
    }

    get value() {
        return Number(this.#input.value);
    }

    /** Move it, without calling `change`. */
    set value(value) {
        this.#input.value = value;
        this.#tell();
    }

    /** Take the histogram of a search at the widest, and the number of faces that were searched. */
    setHistogram(counts, faces) {
        this.#counts = counts;
        this.#faces = faces;
        this.#bars.setAttribute("d", bars(counts, 0, BINS));
        this.#tell();
    }

    /** Return how many faces are within the value, exactly: every step of the slider is the edge of a bin. */
    count() {
        return this.#counts.slice(0, this.#steps()).reduce((sum, count) => sum + count, 0);
    }

    #steps() {
        return Math.round(this.value / STEP);
    }

    #tell() {
        const value = distanceText(this.value);
        this.#value.textContent = value;
        this.#inside.setAttribute("d", bars(this.#counts, 0, this.#steps()));
        this.#input.setAttribute("aria-valuetext", value);
        word(this.#found, "text", this.#meaning());
    }

    #meaning() {
        const point = pointAt(this.value);
        if (!point) return ["threshold.beyond", {}];
        const at = distanceText(point.distance);
        const found = Math.round(point.found * 100);
        if (point.strangers === 0) return ["threshold.none", { at, found }];
        const strangers = point.strangers * this.#faces;
        const key = strangers < 1 ? "threshold.few" : "threshold.meaning";
        return [key, { at, found, count: Math.round(strangers), faces: this.#faces }];
    }
}

function tick({ distance }) {
    const x = distance / STEP;
    return drawing("line", { class: "tick", x1: x, x2: x, y1: 0, y2: HEIGHT });
}

function mark(key) {
    const { distance } = POINTS.find((point) => point.key === key);
    const node = element("span", { text: [`threshold.mark.${key}`, { distance: distanceText(distance) }] });
    node.style.setProperty("--at", distance / WIDEST);
    return node;
}

/** Return the outline of some bins as a path; roots, so that few near faces show beside many far ones. */
function bars(counts, from, to) {
    const highest = Math.sqrt(Math.max(...counts, 1));
    const steps = counts.slice(from, to).map((count, place) => {
        const height = count ? Math.max((Math.sqrt(count) / highest) * HEIGHT, 1.5) : 0;
        return `M${from + place} ${HEIGHT}v${-height}h1v${height}z`;
    });
    return steps.join("");
}
