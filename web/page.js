/** The page around the views: which is shown, in which language and colours, and whether the server is there. */
import { connection } from "./api.js";
import { announce, element, retranslate, word } from "./element.js";
import { preferredLanguage, remember, remembered, rememberLanguage, setLanguage, t } from "./texts.js";

const VIEWS = { "/": "find", "/add": "add", "/faceset": "faceset", "/verify": "verify" };
const THEME = "facetoken.theme";

const main = document.getElementById("main");
const opened = new Map();
let current = null;

/**
 * Show the view of a URL of this page. A view is a module `<name>/<name>.js` whose default export makes it once,
 * `view(root, go, stale)`, and returns `{shown(parameters), hidden()}`: it lives on while another one is shown.
 */
async function show(url, focus) {
    const name = VIEWS[url.pathname];
    let view = opened.get(name);
    if (!view) {
        view = await open(name);
        if (!view) return;
    }
    if (current !== view) turnTo(view);
    document.title = `${t(`${name}.title`)} · facetoken`;
    for (const link of document.querySelectorAll("nav [data-view]")) {
        if (link.dataset.view === url.pathname) link.setAttribute("aria-current", "page");
        else link.removeAttribute("aria-current");
    }
    await view.shown?.(url.searchParams);
    if (focus) view.root.querySelector("h1")?.focus();
}

async function open(name) {
    const root = element("section", { class: `view view-${name}`, hidden: true });
    try {
        const module = await import(`./${name}/${name}.js`);
        const view = { ...(await module.default(root, go, stale)), root, scroll: 0 };
        document.getElementById("stale")?.remove();
        // Two clicks in a row ask for the same view; the first that is ready is the one.
        if (opened.has(name)) return opened.get(name);
        opened.set(name, view);
        main.append(root);
        return view;
    } catch (error) {
        return stale(error);
    }
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

/** Say that a file of the page could not be had: the server has gone, or has a newer page. Returns null. */
function stale(error) {
    if (!(error instanceof TypeError)) throw error;
    document.getElementById("stale")?.remove();
    const again = element("button", { type: "button", text: "page.reload", onclick: () => location.reload() });
    const words = element("span", { text: "page.stale" });
    main.prepend(element("div", { class: "notice bad", role: "alert", id: "stale" }, words, " ", again));
    connection.lost();
    return null;
}

/** Go to a URL of this page; `replace` leaves no step in the history, and moves no focus. */
function go(path, { replace = false } = {}) {
    history[replace ? "replaceState" : "pushState"](null, "", path);
    if (!replace) return show(new URL(path, location.href), true);
    return undefined;
}

function follow(event) {
    const link = event.target.closest?.("a[href]");
    if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
    const url = new URL(link.href);
    if (url.origin !== location.origin || !(url.pathname in VIEWS) || link.target || url.hash) return;
    event.preventDefault();
    go(url.pathname + url.search);
}

function tellConnection() {
    const banner = document.getElementById("connection");
    const away = connection.state !== "here";
    if (away) word(banner, "text", `connection.${connection.state}`);
    else if (!banner.hidden) announce("connection.here");
    banner.hidden = !away;
}

function chooseTheme(theme) {
    document.documentElement.dataset.theme = theme;
    document.getElementById("theme").value = theme;
}

async function chooseLanguage(language) {
    await setLanguage(language);
    document.getElementById("language").value = language;
    retranslate(document);
    dispatchEvent(new Event("facetoken:language"));
}

chooseTheme(remembered(THEME) ?? "auto");
document.getElementById("theme").addEventListener("change", ({ target }) => {
    chooseTheme(target.value);
    remember(THEME, target.value);
});
document.getElementById("language").addEventListener("change", async ({ target }) => {
    await chooseLanguage(target.value);
    rememberLanguage(target.value);
    document.title = `${t(`${VIEWS[location.pathname]}.title`)} · facetoken`;
});
connection.addEventListener("change", tellConnection);
document.addEventListener("click", follow);
addEventListener("popstate", () => show(new URL(location.href), false));
// A photo dropped beside the place for it would make the browser leave the page for it.
for (const kind of ["dragover", "drop"]) addEventListener(kind, (event) => event.preventDefault());

await chooseLanguage(preferredLanguage()).catch(stale);
await show(new URL(location.href), false);
document.documentElement.dataset.ready = "";
