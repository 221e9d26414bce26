/** A stored face as it is shown everywhere: its crop, its name, and a line about it. */
import { cropUrl } from "./api.js";
import { element } from "./element.js";
import { distanceText } from "./texts.js";

export const UNNAMED = "unknown";

/** Return the crop of a token as a picture; one that is gone leaves an empty place. */
export function crop(token, properties = {}) {
    return element("img", {
        class: "crop",
        src: cropUrl(token),
        alt: "",
        loading: "lazy",
        decoding: "async",
        width: 96,
        height: 96,
        onerror: ({ target }) => target.classList.add("absent"),
        ...properties,
    });
}

/** Return a name as it is shown: the default of the API means that there is none. */
export function nameOf(name) {
    if (name === UNNAMED) return element("span", { class: "faint", text: "face.unnamed" });
    return element("span", { class: "name", dir: "auto" }, name);
}

/** Return the URL of a face in the face set. */
export const faceUrl = (token) => `/faceset?face=${token}`;

/** Return the link to a face in the face set, with its distance under it. */
export function tile({ token, name, distance }) {
    const said = name === UNNAMED ? "face.at.unnamed" : "face.at";
    return element(
        "a",
        { class: "tile", href: faceUrl(token), label: [said, { name, distance: distanceText(distance, 3) }] },
        crop(token),
        element("span", { class: "under" }, distanceText(distance, 3)),
    );
}
