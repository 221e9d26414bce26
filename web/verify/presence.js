/** Whether a face is before the camera: large enough, in the middle, and still. */
import { connection, detect, forget, pause } from "../api.js";
import { Motion } from "./motion.js";

const PROBE_SIDE = 640;
const PROBE_MS = 500;
const GLANCE_MS = 120;
/** An answer as old as this says nothing of now. */
const LATE_MS = 2500;

/** Shares of the frame: how wide a face must be (60 pixels of a probe: see quality.js), how far from the edge, and how
 * far its middle from the middle. */
const NARROWEST = 0.1;
const EDGE = 0.01;
const OFF_CENTRE = 0.3;

/** Once a face is well placed it may be a little worse, so that what is asked for does not flicker. */
const SLACK = 0.85;

/** Shares of the face's size by which a still one may shift and grow, and the difference of its pixels (0 to 255). */
const SHIFT = 0.15;
const GROWTH = 0.15;
const DIFFERENCE = 14;

let flight = Promise.resolve();

/**
 * Watch a camera and call `tell(state, count)`: "nobody", "small", "edge", "moving" or "still", and how many faces are
 * seen, of which the largest counts; "late" while the server is busy, and "away" while the page is hidden.
 */
export class Presence {
    #watching = new AbortController();
    #motion = new Motion();
    #anchor = null;

    constructor(camera, tell) {
        this.camera = camera;
        this.tell = tell;
    }

    start() {
        this.stop();
        this.#watching = new AbortController();
        const { signal } = this.#watching;
        const glances = setInterval(() => this.#glance(), GLANCE_MS);
        signal.addEventListener("abort", () => clearInterval(glances));
        document.addEventListener("visibilitychange", () => this.#glance(), { signal });
        // Being stopped is how it ends.
        this.#watch(signal).catch((error) => { if (error !== signal.reason) throw error; });
    }

    stop() {
        this.#watching.abort();
        this.#anchor = null;
    }

    async #watch(signal) {
        for (;;) {
            const began = performance.now();
            if (!document.hidden) await this.#probe(signal);
            const took = performance.now() - began;
            // At least as long as the answer took: a server that is slow gets no more than half of its time asked for.
            await pause(Math.max(PROBE_MS - took, took), signal);
        }
    }

    async #probe(signal) {
        // Never two at a time, whoever asks.
        await flight;
        signal.throwIfAborted();
        const began = performance.now();
        this.#motion.keep(this.camera.video);
        flight = facesOf(this.camera.capture(PROBE_SIDE));
        const found = await flight;
        signal.throwIfAborted();
        if (!found) return connection.back(signal);
        if (performance.now() - began > LATE_MS) return this.#lose("late", 0);
        return this.#see(found);
    }

    #see({ faces, image_width: width, image_height: height }) {
        const [face] = faces;
        if (!face) return this.#lose("nobody", 0);
        const region = { left: face.top_left[0] / width, top: face.top_left[1] / height };
        Object.assign(region, { right: face.bottom_right[0] / width, bottom: face.bottom_right[1] / height });
        const fault = misplaced(region, this.#anchor ? SLACK : 1);
        if (fault) return this.#lose(fault, faces.length);
        const still = this.#anchor !== null && alike(this.#anchor, region);
        if (!still) this.#anchor = region;
        return this.tell(still ? "still" : "moving", faces.length);
    }

    /** Look, without asking anybody, whether it still is as the last answer said. */
    #glance() {
        if (document.hidden) return this.#lose("away", 0);
        if (!this.#anchor || this.#motion.since(this.camera.video, this.#anchor) <= DIFFERENCE) return undefined;
        return this.#lose("moving", 1);
    }

    #lose(state, count) {
        this.#anchor = null;
        this.tell(state, count);
    }
}

/** Return the /detect answer of a frame, whose faces are forgotten at once; null when there is none to be had. */
async function facesOf(capturing) {
    try {
        // To be told of the tokens it is never broken off.
        const found = await detect(await capturing);
        forget(found.faces);
        return found;
    } catch {
        return null;
    }
}

function misplaced({ left, top, right, bottom }, slack) {
    if (right - left < NARROWEST * slack) return "small";
    const edge = EDGE * slack;
    if (left < edge || top < edge || right > 1 - edge || bottom > 1 - edge) return "edge";
    const off = Math.max(Math.abs(left + right - 1), Math.abs(top + bottom - 1)) / 2;
    return off * slack > OFF_CENTRE ? "edge" : null;
}

function alike(one, other) {
    const [width, height] = [one.right - one.left, one.bottom - one.top];
    const across = Math.abs(one.left + one.right - other.left - other.right) / 2 / width;
    const down = Math.abs(one.top + one.bottom - other.top - other.bottom) / 2 / height;
    const growth = Math.abs((other.right - other.left) / width - 1);
    return Math.max(across, down) <= SHIFT && growth <= GROWTH;
}
