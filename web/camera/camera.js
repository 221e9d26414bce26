/** The webcam: opened when it is asked for, and let go as soon as nobody looks. */
import { element } from "../element.js";
import { jpeg, PhotoError } from "../photo.js";

const SIZE = { width: { ideal: 1280 }, height: { ideal: 720 } };
const CAPTURED_SIDE = 1920;
const NAME = "camera.jpg";
const HIDDEN_MS = 30_000;
const REASONS = {
    NotAllowedError: "camera.refused",
    SecurityError: "camera.refused",
    NotFoundError: "camera.none",
    OverconstrainedError: "camera.none",
    NotReadableError: "camera.busy",
    AbortError: "camera.busy",
};

/** Why there is no picture of a camera; `key` is the text that says it, and what to do. */
export class CameraError extends PhotoError {}

/**
 * Show the camera in `video`. A "lost" event tells, with the key of a text, that it was closed by something else:
 * unplugged, or this page was hidden for long or left.
 */
export class Camera extends EventTarget {
    video = element("video", { muted: true, playsInline: true, label: "camera.preview" });
    #stream = null;
    #opening = null;
    #watching = null;

    constructor() {
        super();
        // Only the property mutes a video that is made by a script; without it some browsers do not play it.
        this.video.defaultMuted = true;
    }

    /** Open a device, or the camera before the user. Raises CameraError, and AbortError if it is closed meanwhile. */
    async open(deviceId) {
        this.close();
        const { signal } = (this.#opening = new AbortController());
        const stream = await streamOf(deviceId);
        if (signal.aborted) release(stream);
        signal.throwIfAborted();
        this.#stream = stream;
        this.#watch(stream.getVideoTracks()[0]);
        this.video.srcObject = stream;
        await this.video.play();
        signal.throwIfAborted();
    }

    /** Let the camera go, and its light with it. */
    close() {
        this.#opening?.abort();
        this.#watching?.abort();
        if (this.#stream) release(this.#stream);
        this.#stream = null;
        this.video.srcObject = null;
    }

    get isOpen() {
        return this.#stream !== null && this.video.videoWidth > 0;
    }

    /** Return the cameras to choose from: [{deviceId, label}], of which `deviceId` is the open one's. */
    async devices() {
        const devices = await navigator.mediaDevices.enumerateDevices();
        return devices.filter(({ kind }) => kind === "videoinput");
    }

    get deviceId() {
        return this.#stream?.getVideoTracks()[0].getSettings().deviceId ?? "";
    }

    /** Return what is seen now as a JPEG, not mirrored, no longer than `longest` pixels; take the frame at once. */
    capture(longest = CAPTURED_SIDE) {
        const { videoWidth: width, videoHeight: height } = this.video;
        const scale = Math.min(1, longest / Math.max(width, height));
        return jpeg(this.video, Math.round(width * scale), Math.round(height * scale));
    }

    /** Return what is seen now as a File, as `capture` does. */
    async photo() {
        return new File([await this.capture()], NAME, { type: "image/jpeg" });
    }

    #watch(track) {
        const { signal } = (this.#watching = new AbortController());
        let timer = null;
        const look = () => {
            clearTimeout(timer);
            if (document.hidden) timer = setTimeout(() => this.#lose("camera.away"), HIDDEN_MS);
        };
        track.addEventListener("ended", () => this.#lose("camera.ended"), { signal });
        document.addEventListener("visibilitychange", look, { signal });
        // It may have been allowed after the page was hidden.
        look();
        // A page in the back-forward cache may be shown again: it must not come back with the camera on.
        addEventListener("pagehide", () => this.#lose("camera.away"), { signal });
        signal.addEventListener("abort", () => clearTimeout(timer));
        // People expect a mirror, but of a camera that looks away from them.
        this.video.classList.toggle("mirrored", track.getSettings().facingMode !== "environment");
    }

    #lose(key) {
        this.close();
        this.dispatchEvent(new CustomEvent("lost", { detail: key }));
    }
}

async function streamOf(deviceId) {
    // Over http:// browsers give the camera to pages of the same machine only.
    if (!isSecureContext) throw new CameraError("camera.insecure");
    if (!navigator.mediaDevices?.getUserMedia) throw new CameraError("camera.unsupported");
    const which = deviceId ? { deviceId: { exact: deviceId } } : { facingMode: "user" };
    try {
        return await navigator.mediaDevices.getUserMedia({ video: { ...which, ...SIZE }, audio: false });
    } catch (error) {
        throw new CameraError(REASONS[error.name] ?? "camera.failed");
    }
}

function release(stream) {
    for (const track of stream.getTracks()) track.stop();
}
