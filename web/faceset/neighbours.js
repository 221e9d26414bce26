/** The stored faces that are nearest to one of them, by what their distance means. */
import { chip } from "../answer.js";
import { howMany, search } from "../api.js";
import { element } from "../element.js";
import { patiently } from "../patience.js";
import { distanceText } from "../texts.js";
import { crop, faceUrl, nameOf, UNNAMED } from "../tile.js";
import { verdict } from "../verdict.js";

const NEAREST = 24;
const FARTHEST = 2;
const KINDS = ["likely", "unsure", "nobody"];

/** Return {root, names}: the neighbours of a face but those that `hidden(token)`, and their names, nearest first. */
export async function neighbours(token, hidden, signal) {
    const asked = { threshold: FARTHEST, limit: NEAREST, signal };
    const works = [() => search(token, asked), () => howMany(signal)];
    const [found, total] = await Promise.all(works.map((work) => patiently(work, signal)));
    const rows = found.cmp_result.filter((row) => !hidden(row.face_token));
    const names = [...new Set(rows.map((row) => row.face_name))].filter((given) => given !== UNNAMED);
    const groups = KINDS.map((kind) => [kind, rows.filter((row) => verdict(row.distance, total) === kind)]);
    const shown = groups.filter(([, members]) => members.length).map(([kind, members]) => group(kind, members));
    if (!shown.length) shown.push(element("p", { class: "faint", text: "faceset.alone" }));
    return { root: element("div", { class: "groups" }, ...shown), names };
}

function group(kind, rows) {
    const tiles = element("div", { class: "tiles" }, ...rows.map(neighbour));
    return element("section", { class: "group" }, element("div", { class: "row" }, chip(kind)), tiles);
}

function neighbour({ face_token: token, face_name: given, distance }) {
    const at = element("span", { class: "under" }, distanceText(distance, 3));
    return element("a", { class: "tile", href: faceUrl(token) }, crop(token), nameOf(given), at);
}
