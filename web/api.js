/** The native API: calls that wait out a busy server, and the state of the connection to it. */

const POLL_MS = 2000;
const BUSY_TRIES = 5;

// What a proxy before the server says while that is away or busy.
const PASSING = [429, 502, 503, 504];

/**
 * An answer that is an error: `code` of the API's table ("1001" to "1007"), HTTP `status`, `detail` in English, and
 * whether it is `passing`: the same call may do better in a moment.
 */
export class ApiError extends Error {
    constructor(status, code, detail, passing = false) {
        super(detail);
        Object.assign(this, { status, code, detail, passing });
    }
}

/** The server cannot be reached; `connection` says when it can again. */
export class Gone extends Error {}

/** Whether the server answers: "here", "starting", "gone", or "offline"; a "change" event tells of each turn. */
class Connection extends EventTarget {
    state = "here";
    #timer = null;

    constructor() {
        super();
        addEventListener("offline", () => this.lost());
        addEventListener("online", () => this.ask());
    }

    lost() {
        this.#turn(navigator.onLine ? "gone" : "offline");
        this.#timer ??= setTimeout(() => this.ask(), POLL_MS);
    }

    /** Wait until the server answers. */
    async back(signal) {
        while (this.state !== "here") {
            signal?.throwIfAborted();
            await new Promise((done) => {
                // What ends one wait takes the other listener away.
                const ended = new AbortController();
                const end = () => { ended.abort(); done(); };
                this.addEventListener("change", end, { signal: ended.signal });
                signal?.addEventListener("abort", end, { signal: ended.signal });
            });
        }
    }

    /** Ask whether the server answers, until it does. */
    async ask() {
        clearTimeout(this.#timer);
        this.#timer = null;
        try {
            const answer = await fetch("/readyz", { cache: "no-store", signal: AbortSignal.timeout(5000) });
            this.#turn(answer.ok ? "here" : "starting");
        } catch {
            this.#turn(navigator.onLine ? "gone" : "offline");
        }
        if (this.state !== "here") this.#timer ??= setTimeout(() => this.ask(), POLL_MS);
    }

    #turn(state) {
        if (state === this.state) return;
        this.state = state;
        this.dispatchEvent(new Event("change"));
    }
}

export const connection = new Connection();

/** Find the faces of a photo: {faces, image_width, image_height}. */
export const detect = (photo, signal) => call("POST", "/detect", { image_file: photo }, { signal });

/** Search by a token: {cmp_result, total, histogram}. */
export const search = (token, { threshold, limit, bins, signal } = {}) =>
    call("POST", "/search", { face_token: token, threshold, limit, bins }, { signal });

/** Keep a face under a name, or give a kept one another. */
export const addFace = (token, name, signal) =>
    call("POST", "/addface", { face_token: token, face_name: name }, { signal });

/** Remove a face for good; with `keepalive` also while the page closes. */
export const removeFace = (token, { keepalive = false, signal } = {}) =>
    call("POST", "/removeface", { face_token: token }, { keepalive, signal });

/** Read the face set: {total, faces, cursor}; asked by offset, limit, sort, face_name. */
export const faces = (asked, signal) => call("GET", "/faces", asked, { signal });

/** Return how many faces the face set has. */
export const howMany = async (signal) => (await faces({ limit: 1 }, signal)).total;

/** Tell whether an error says that no such token is known. */
export const isUnknown = (error) => error instanceof ApiError && error.code === "1006";

/** Read one face of the face set. */
export const face = (token, signal) => call("GET", `/faces/${encodeURIComponent(token)}`, {}, { signal });

/** Return the distance of two tokens' faces: {distance}. */
export const compare = (token, other, signal) =>
    call("POST", "/compare", { face_token: token, other_token: other }, { signal });

/** Have the server forget faces that nobody is to have, whatever comes of it; also while the page closes. */
export const forget = (found) =>
    Promise.allSettled(found.map(({ face_token: token }) => removeFace(token, { keepalive: true })));

/**
 * Ask Finday whether a photo's face is that of the registered photo: {matched, distance, threshold}, cosine.
 * Raises ApiError with the code "finday" and its reason.
 */
export async function verifyFace(photo, url, signal) {
    const answer = await send("POST", "/verify-face", { face_image: photo, face_img_url: url }, signal, false);
    const body = await bodyOf(answer, signal);
    if (body?.result === "success" || body?.reason === "NotMatched") return { ...body, matched: answer.ok };
    throw new ApiError(answer.status, "finday", body?.reason ?? "");
}

/** Return the URL of a face's crop. */
export const cropUrl = (token) => `/show_photo/${encodeURIComponent(token)}.jpg`;

/**
 * Call the API and return its answer; wait and try again while the server says that it is busy.
 * Raises ApiError, Gone, and AbortError of the signal.
 */
export async function call(method, path, fields, { signal, keepalive = false } = {}) {
    for (let tries = 1; ; tries++) {
        const answer = await send(method, path, fields, signal, keepalive);
        const body = await bodyOf(answer, signal);
        if (body?.success) return body;
        // Not by the status: a setting of the server makes every one 200.
        const wait = answer.headers.get("Retry-After");
        if (wait === null || tries === BUSY_TRIES) {
            if (wait !== null) connection.lost();
            const passing = wait !== null || PASSING.includes(answer.status);
            throw new ApiError(answer.status, body?.error_code ?? "1003", body?.detail ?? "", passing);
        }
        await pause(1000 * Number(wait), signal);
    }
}

/** Return the JSON of an answer, or null where there is none. Raises Gone when it was cut off, AbortError. */
async function bodyOf(answer, signal) {
    const isJson = answer.headers.get("Content-Type")?.startsWith("application/json");
    try {
        return isJson ? await answer.json() : null;
    } catch {
        signal?.throwIfAborted();
        connection.lost();
        throw new Gone("the answer was cut off");
    }
}

async function send(method, path, fields, signal, keepalive) {
    const given = Object.entries(fields).filter(([, value]) => value !== undefined && value !== null && value !== "");
    const form = new FormData();
    for (const [name, value] of given) form.append(name, value);
    const query = method === "GET" && given.length ? `?${new URLSearchParams(given)}` : "";
    try {
        const body = method === "GET" ? undefined : form;
        return await fetch(path + query, { method, body, signal, keepalive, cache: "no-store" });
    } catch (error) {
        if (error.name === "AbortError") throw error;
        connection.lost();
        throw new Gone("the server cannot be reached");
    }
}

/** Wait so many milliseconds; raise AbortError when the signal says so. */
export function pause(milliseconds, signal) {
    return new Promise((done, failed) => {
        const ended = new AbortController();
        const timer = setTimeout(() => { ended.abort(); done(); }, milliseconds);
        const stop = () => { clearTimeout(timer); failed(signal.reason); };
        signal?.addEventListener("abort", stop, { once: true, signal: ended.signal });
    });
}

/**
 * Return what `load` gives, which loads a file of the page; while the server is away it waits and loads again. Null
 * when the server answers and the file cannot be had all the same, which the page then tells.
 */
export async function loaded(load, again = true) {
    try {
        return await load();
    } catch (error) {
        // Browsers give a TypeError for a file; anything else is a fault of the file itself.
        if (!(error instanceof TypeError)) throw error;
    }
    await connection.ask();
    await connection.back();
    if (again) return loaded(load, false);
    connection.dispatchEvent(new Event("missing"));
    return null;
}
