/** Elements made from tags and properties; every text goes in as text, never as markup. */
import { t } from "./texts.js";

const SVG = "http://www.w3.org/2000/svg";
const WORDED = { text: null, label: "aria-label", placeholder: "placeholder", title: "title", alt: "alt" };
const written = new WeakMap();

/**
 * Make an element. `text`, `label` (aria-label), `placeholder`, `title` and `alt` take the key of a text, or
 * [key, values], and follow a change of the language; `on…` takes a listener; other names are properties where the
 * element has them, attributes otherwise. Children are nodes, strings (as they are: names) or null.
 */
export function element(tag, properties = {}, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(properties)) {
        if (value === undefined || value === null) continue;
        if (name in WORDED) word(node, name, value);
        else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
        else if (name === "class") node.className = value;
        else if (name === "data") Object.assign(node.dataset, value);
        else if (name in node && name !== "list" && name !== "form") node[name] = value;
        else node.setAttribute(name, value);
    }
    node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
    return node;
}

/** Give a node a text of the languages, in the place that `name` says; see `element`. */
export function word(node, name, value) {
    const [key, values] = Array.isArray(value) ? value : [value];
    written.set(node, { ...written.get(node), [name]: [key, values] });
    node.setAttribute("data-worded", "");
    put(node, name, key === "" ? "" : t(key, values));
}

function put(node, name, words) {
    if (WORDED[name] === null) node.textContent = words;
    else node.setAttribute(WORDED[name], words);
}

/** Write every text below a node again, in the language of now. */
export function retranslate(root) {
    for (const node of root.querySelectorAll("[data-text]")) node.textContent = t(node.dataset.text);
    for (const node of root.querySelectorAll("[data-label]")) node.setAttribute("aria-label", t(node.dataset.label));
    for (const node of root.querySelectorAll("[data-worded]")) {
        for (const [name, [key, values]] of Object.entries(written.get(node) ?? {})) {
            if (key !== "") put(node, name, t(key, values));
        }
    }
}

/** Make an SVG element with attributes. */
export function drawing(tag, attributes = {}, ...children) {
    const node = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    node.append(...children);
    return node;
}

/** Make one of the icons that page.html holds; it says nothing to who listens. */
export function icon(name) {
    return drawing("svg", { "aria-hidden": "true", class: "icon" }, drawing("use", { href: `#icon-${name}` }));
}

/** Make a button with an icon (or none) and a text. */
export function button(text, { icon: shown, class: kind = "", ...properties } = {}) {
    const inside = element("span", { text });
    return element("button", { type: "button", class: kind, ...properties }, shown ? icon(shown) : null, inside);
}

/** Move a node by `move()`, and keep the focus that is in it. */
export function withFocus(node, move) {
    const focused = node.contains(document.activeElement) ? document.activeElement : null;
    move();
    focused?.focus();
}

/** Have screen readers say a text once. */
export function announce(key, values) {
    const announcer = document.getElementById("announcer");
    // The same words again would be no change, and not be read.
    announcer.textContent = "";
    requestAnimationFrame(() => word(announcer, "text", [key, values]));
}

/** Make a handler run at most once a frame, with what it was last called with. */
export function eachFrame(work) {
    let waiting = null;
    return (...values) => {
        if (waiting === null) requestAnimationFrame(() => { const last = waiting; waiting = null; work(...last); });
        waiting = values;
    };
}
