/** The button and the frame, in a closed shadow root: a constructed sheet needs no style-src of the host's policy. */
export const css = `
:host{all:initial;color-scheme:light dark;position:fixed;z-index:2147483000;inset:auto max(20px,env(safe-area-inset-right)) max(20px,env(safe-area-inset-bottom)) auto}
:host([data-side=left]){inset:auto auto max(20px,env(safe-area-inset-bottom)) max(20px,env(safe-area-inset-left))}
button{all:unset;box-sizing:border-box;display:grid;place-items:center;width:58px;height:58px;border-radius:50%;background:var(--accent,#1f6f5c);color:var(--on,#fff);cursor:pointer;box-shadow:0 1px 2px #0003,0 8px 24px #0003}
button:focus-visible{outline:3px solid #fff;box-shadow:0 0 0 6px #111}
svg{grid-area:1/1;width:26px;height:26px;fill:none;stroke:currentColor;stroke-width:1.8;stroke-linecap:round;stroke-linejoin:round}
svg+svg,:host([data-open]) svg{opacity:0;transform:rotate(-45deg) scale(.6)}
:host([data-open]) svg+svg{opacity:1;transform:none}
b{position:absolute;top:-3px;right:-3px;box-sizing:border-box;min-width:22px;height:22px;padding:0 5px;border:2px solid #fff;border-radius:11px;background:#b3261e;color:#fff;font:600 12px/18px system-ui,sans-serif;text-align:center}
b:empty{display:none}
iframe{position:fixed;inset:auto 20px 92px auto;width:min(392px,100vw - 40px);height:min(660px,100dvh - 112px);border:0;border-radius:18px;background:light-dark(#fff,#161a1d);box-shadow:0 0 0 1px #0000000f,0 16px 48px #00000038;visibility:hidden;opacity:0}
:host([data-side=left]) iframe{inset:auto auto 92px 20px}
:host([data-open]) iframe{visibility:visible;opacity:1}
@media(max-width:480px){iframe,:host([data-side=left]) iframe{inset:0;width:100%;height:100dvh;border-radius:0}:host([data-open]) button{display:none}}
@media(prefers-reduced-motion:no-preference){button,svg{transition:.18s}button:hover{transform:translateY(-2px)}iframe{transform:translateY(10px);transition:.18s}:host([data-open]) iframe{transform:none}}
@media(forced-colors:active){button{border:2px solid}}
@media print{:host{display:none}}`;
