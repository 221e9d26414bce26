/** Work that a batch does not give up because the server is away or busy for a while. */
import { ApiError, connection, Gone, pause } from "./api.js";

const BREATH_MS = 1000;
const MOST_LOSSES = 10;

let waiting = 0;

/** Tell whether some work waits for the server: it was tried, and could not be done yet. */
export const isWaiting = () => waiting > 0;

/**
 * Do some work, again and again until the server answers it, however long it is busy. What fails while the server is
 * there is raised, and so is what loses the connection every time. Raises AbortError of the signal.
 */
export async function patiently(work, signal) {
    signal.throwIfAborted();
    try {
        return await work();
    } catch (error) {
        if (!isPassing(error)) throw error;
        waiting++;
        return await again(work, signal, error).finally(() => { waiting--; });
    }
}

async function again(work, signal, first) {
    let losses = first instanceof Gone ? 1 : 0;
    for (;;) {
        await connection.back(signal);
        signal.throwIfAborted();
        await pause(BREATH_MS, signal);
        try {
            return await work();
        } catch (error) {
            if (!isPassing(error) || losses === MOST_LOSSES) throw error;
            if (error instanceof Gone) losses++;
        }
    }
}

function isPassing(error) {
    return error instanceof Gone || (error instanceof ApiError && error.passing);
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
