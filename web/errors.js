/** What an error says to the reader, and what to do. */
import { ApiError, Gone } from "./api.js";
import { element } from "./element.js";
import { PhotoError } from "./photo.js";
import { hasText } from "./texts.js";

/** Return the key of the text for an error of the API, of a photo, or of the connection. */
export function errorKey(error) {
    if (error instanceof PhotoError) return error.key;
    if (error instanceof Gone) return "error.gone";
    if (!(error instanceof ApiError)) return "error.unexpected";
    if (error.passing) return "error.1003.503";
    const precise = `error.${error.code}.${error.status}`;
    return hasText(precise) ? precise : `error.${error.code}`;
}

/** Return a paragraph for an error: what to do, and under it the server's own words, which are English. */
export function errorNotice(error) {
    const known = [ApiError, Gone, PhotoError].some((kind) => error instanceof kind);
    if (!known) reportError(error);
    const words = element("p", { text: errorKey(error) });
    return element("div", { class: "notice bad", role: "alert" }, words, ownWords(error));
}

function ownWords(error) {
    if (!(error instanceof ApiError) || !error.detail) return null;
    const summary = element("summary", { text: "error.details" });
    return element("details", {}, summary, element("p", { lang: "en" }, error.detail));
}

/** Tell whether an error is only that somebody asked to stop. */
export function aborted(error) {
    return error?.name === "AbortError";
}
