/** How fast photos are done with, over the last seconds, and how long the rest takes at that rate. */

const SPAN_MS = 20000;
const SOONEST_MS = 2000;

/** Count what is done at which time, in milliseconds. */
export class Rate {
    #times = [];
    #since = null;

    /** Begin anew, as after a pause, whose time does not count. */
    begin(now) {
        this.#times = [];
        this.#since = now;
    }

    /** Take note of so many more that are done. */
    add(count, now) {
        this.#since ??= now;
        this.#times.push(...Array(count).fill(now));
    }

    /** Return how many are done in a second, or null when it is too early to say. */
    perSecond(now) {
        while (this.#times.length && this.#times[0] < now - SPAN_MS) this.#times.shift();
        const span = Math.min(SPAN_MS, now - (this.#since ?? now));
        return span < SOONEST_MS || !this.#times.length ? null : (this.#times.length * 1000) / span;
    }
}

/** Return a duration as a text: [key, values] with seconds, minutes or hours, rounded up. */
export function durationText(seconds) {
    if (seconds < 60) return ["add.left.seconds", { count: Math.max(1, Math.ceil(seconds / 5) * 5) }];
    if (seconds < 5400) return ["add.left.minutes", { count: Math.ceil(seconds / 60) }];
    return ["add.left.hours", { count: Math.ceil(seconds / 3600) }];
}
