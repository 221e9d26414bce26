/** The page around the views: which is shown, in which language and colours, and whether the server is there. */
import { connection, loaded, pause } from "./api.js";
import { announce, element, retranslate, word } from "./element.js";
import {
    hasText, languageNow, preferredLanguage, remember, remembered,
    rememberLanguage, speak, t, textsOf,
} from "./texts.js";

const VIEWS = { "/": "find", "/add": "add", "/faceset": "faceset", "/verify": "verify" };
const THEME = "facetoken.theme";
const AGAIN_MS = 2000;

const main = document.getElementById("main");
const opened = new Map();
/** The URL at which the view of a path was left. */
const left = new Map();
let current = null;
let turns = 0;
let chosen = 0;

/**
 * Show the view of a URL of this page. A view is a module `<name>/<name>.js` whose default export makes it once,
 * `view(root, go)`, and returns `{shown(parameters), hidden()}`: it lives on while another one is shown. It returns
 * null when a file of its own is missing.
 */
async function show(url, focus) {
    const turn = ++turns;
    const name = VIEWS[url.pathname];
    const view = await open(name);
    // One that loads late does not take the place of the one that was chosen after it.
    if (!view || turn !== turns) return;
    const first = current === null;
    const other = current !== view;
    if (other) turnTo(view);
    document.title = titleOf(name);
    for (const link of document.querySelectorAll("nav [data-view]")) {
        if (link.dataset.view === url.pathname) link.setAttribute("aria-current", "page");
        else link.removeAttribute("aria-current");
    }
    if (focus || (other && !first)) view.root.querySelector("h1")?.focus({ preventScroll: true });
    await view.shown?.(url.searchParams);
}

function open(name) {
    if (!opened.has(name)) opened.set(name, made(name));
    return opened.get(name);
}

async function made(name) {
    const root = element("section", { class: `view view-${name}`, hidden: true });
    let view = null;
    try {
        const module = await loaded(() => import(`./${name}/${name}.js`));
        view = module && (await module.default(root, go));
    } finally {
        // It is made again by whoever asks for it next.
        if (!view) opened.delete(name);
    }
    if (!view) return null;
    main.append(root);
    document.getElementById("stale").hidden = true;
    return { ...view, root, scroll: 0 };
}

function turnTo(view) {
    if (current) {
        current.scroll = scrollY;
        current.root.hidden = true;
        current.hidden?.();
    }
    current = view;
    view.root.hidden = false;
    scrollTo(0, view.scroll);
}

/** Say that a file of the page could not be had: the server may have a newer page. */
function tellStale() {
    document.getElementById("stale").hidden = false;
}

/** Go to a URL of this page. */
function go(path) {
    history.pushState(null, "", path);
    return show(new URL(path, location.href), true);
}

function follow(event) {
    const link = event.target.closest?.("a[href]");
    if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
    const url = new URL(link.href);
    if (url.origin !== location.origin || !(url.pathname in VIEWS) || link.target || url.hash) return;
    event.preventDefault();
    left.set(location.pathname, location.pathname + location.search);
    // The bar leads back to where a view was left, and from the view itself to its beginning.
    const back = link.closest("nav") && url.pathname !== location.pathname;
    go((back && left.get(url.pathname)) || url.pathname + url.search);
}

function tellConnection() {
    const banner = document.getElementById("connection");
    const away = connection.state !== "here";
    // Before there are words, the banner has its own, in English.
    if (away && hasText("connection.gone")) word(banner, "text", `connection.${connection.state}`);
    else if (!banner.hidden && hasText("connection.here")) announce("connection.here");
    banner.hidden = !away;
}

function chooseTheme(theme) {
    document.documentElement.dataset.theme = theme;
    document.getElementById("theme").value = theme;
}

/** Write everything in another language, and tell whether that was possible; the last choice is the one that counts. */
async function chooseLanguage(language) {
    const mine = ++chosen;
    const texts = await loaded(() => textsOf(language));
    if (mine !== chosen) return texts !== null;
    if (texts) speak(language, texts);
    document.getElementById("language").value = languageNow();
    if (!texts) return false;
    retranslate(document);
    document.title = titleOf(VIEWS[location.pathname]);
    dispatchEvent(new Event("facetoken:language"));
    return true;
}

function titleOf(name) {
    return `${t(`${name}.title`)} · facetoken`;
}

chooseTheme(remembered(THEME) ?? "auto");
document.getElementById("theme").addEventListener("change", ({ target }) => {
    chooseTheme(target.value);
    remember(THEME, target.value);
});
document.getElementById("language").addEventListener("change", async ({ target: { value } }) => {
    if (await chooseLanguage(value)) rememberLanguage(value);
});
connection.addEventListener("change", tellConnection);
connection.addEventListener("missing", tellStale);
document.addEventListener("click", follow);
document.getElementById("reload").addEventListener("click", () => location.reload());
addEventListener("popstate", () => show(new URL(location.href), false));
// A photo dropped beside the place for it would make the browser leave the page for it.
for (const kind of ["dragover", "drop"]) addEventListener(kind, (event) => event.preventDefault());

// Nothing is shown before there are words for it.
while (!(await chooseLanguage(preferredLanguage()))) {
    await pause(AGAIN_MS);
}
document.getElementById("stale").hidden = true;
await show(new URL(location.href), false);
document.documentElement.dataset.ready = "";
