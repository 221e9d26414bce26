/** The native API: calls that wait out a busy server, and the state of the connection to it. */

const POLL_MS = 2000;
const BUSY_TRIES = 5;

/** An answer that is an error: `code` of the API's table ("1001" to "1007"), HTTP `status`, `detail` in English. */
export class ApiError extends Error {
    constructor(status, code, detail) {
        super(detail);
        this.status = status;
        this.code = code;
        this.detail = detail;
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
        addEventListener("online", () => this.#ask());
    }

    lost() {
        this.#turn(navigator.onLine ? "gone" : "offline");
        this.#timer ??= setTimeout(() => this.#ask(), POLL_MS);
    }

    /** Wait until the server answers. */
    async back(signal) {
        while (this.state !== "here") {
            signal?.throwIfAborted();
            await new Promise((done) => {
                this.addEventListener("change", done, { once: true });
                signal?.addEventListener("abort", done, { once: true });
            });
        }
    }

    async #ask() {
        clearTimeout(this.#timer);
        this.#timer = null;
        try {
            const answer = await fetch("/readyz", { cache: "no-store", signal: AbortSignal.timeout(5000) });
            this.#turn(answer.ok ? "here" : "starting");
        } catch {
            this.#turn(navigator.onLine ? "gone" : "offline");
        }
        if (this.state !== "here") this.#timer ??= setTimeout(() => this.#ask(), POLL_MS);
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
    const body = await answer.json().catch(() => null);
    if (answer.ok || body?.reason === "NotMatched") return { ...body, matched: answer.ok };
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
        const body = await answer.json().catch(() => null);
        if (body?.success) return body;
        if (answer.status !== 503 || tries === BUSY_TRIES) {
            if (answer.status === 503) connection.lost();
            throw new ApiError(answer.status, body?.error_code ?? "1003", body?.detail ?? "");
        }
        await pause(1000 * Number(answer.headers.get("Retry-After") || 1), signal);
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
        const timer = setTimeout(done, milliseconds);
        signal?.addEventListener("abort", () => { clearTimeout(timer); failed(signal.reason); }, { once: true });
    });
}
