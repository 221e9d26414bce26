// What the page's scripts are held to; `make lint` runs it over web/.
import js from "@eslint/js";
import globals from "globals";

// The page's Content-Security-Policy refuses these in the browser; the linter says so before.
const MARKUP = ["innerHTML", "outerHTML", "srcdoc"];
const MARKUP_CALLS = ["insertAdjacentHTML", "setHTMLUnsafe", "createContextualFragment", "parseFromString"];

export default [
    js.configs.recommended,
    {
        languageOptions: { ecmaVersion: 2024, sourceType: "module", globals: globals.browser },
        // No exception by a comment: what does not fit is written otherwise.
        linterOptions: { noInlineConfig: true },
        rules: {
            "eqeqeq": "error",
            "max-len": ["error", 120],
            "max-lines": ["error", 200],
            "max-lines-per-function": ["error", { max: 40, skipBlankLines: true, skipComments: true }],
            "no-console": "error",
            "no-eval": "error",
            "no-implied-eval": "error",
            "no-new-func": "error",
            "no-restricted-globals": ["error", "name", "event", "status", "length", "parent", "top", "find", "stop"],
            "no-restricted-properties": [
                "error",
                ...[...MARKUP, ...MARKUP_CALLS].map((property) => ({ property, message: "Names are text, never markup." })),
                ...["write", "writeln"].map((property) => ({ object: "document", property })),
            ],
            "no-restricted-syntax": [
                "error",
                {
                    selector: "CallExpression[callee.property.name='setAttribute'][arguments.0.value=/^(style|on.*)$/i]",
                    message: "The page's policy refuses inline styles and handlers.",
                },
            ],
            "no-script-url": "error",
            "no-unused-vars": "error",
            "no-var": "error",
            "prefer-const": "error",
            "quotes": ["error", "double", { avoidEscape: true }],
            "semi": "error",
        },
    },
];
