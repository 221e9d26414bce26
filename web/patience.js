/** Work that a batch does not give up because the server is away or busy for a while. */
import { ApiError, connection, Gone, pause } from "./api.js";

const BREATH_MS = 1000;
const MOST_LOSSES = 10;
// An answer that was cut off counts as 200; the others come from the server when it is busy, or from a proxy before it.
const PASSING = [200, 429, 502, 503, 504];

/**
 * Do some work, again and again until the server answers it. What fails while the server is there is raised, and so
 * is what loses the connection every time. Raises AbortError of the signal.
 */
export async function patiently(work, signal) {
    for (let losses = 0; ; ) {
        signal.throwIfAborted();
        try {
            return await work();
        } catch (error) {
            if (!isPassing(error) || losses === MOST_LOSSES) throw error;
            if (error instanceof Gone) losses++;
        }
        await connection.back(signal);
        signal.throwIfAborted();
        await pause(BREATH_MS, signal);
    }
}

function isPassing(error) {
    return error instanceof Gone || (error instanceof ApiError && PASSING.includes(error.status));
}

/** Return a function that does one work after another, in the order they are given to it. */
export function inTurn() {
    let last = Promise.resolve();
    return (work) => {
        const mine = last.then(work);
        last = mine.catch(() => null);
        return mine;
    };
}
