"""How a page looks: its style sheet, with the colours of light, dark and paper."""

from __future__ import annotations

from toomre.evaluation import palette

__all__ = ["STYLE"]

#: CSS of a page. No fonts or pictures are loaded; figures keep a white ground in the dark.
STYLE = (
    f"""\
:root {{ --link: {palette.NONMERGER}; --mark: {palette.MERGER}; }}
"""
    + """\
:root {
  --ink: #1b1b1b; --soft: #595959; --ground: #ffffff; --line: #d0d0d0; --panel: #f4f4f4;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ink: #e8e8e8; --soft: #b0b0b0; --ground: #181818; --line: #4a4a4a; --panel: #242424;
    --link: #8cc6f0;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0 auto; max-width: 60rem; padding: 1rem 1.2rem 3rem; color: var(--ink);
  background: var(--ground); font: 1rem/1.55 system-ui, sans-serif; overflow-wrap: break-word;
}
h1 { font-size: 1.9rem; line-height: 1.2; margin: 1rem 0 0.6rem; }
h2 {
  font-size: 1.35rem; line-height: 1.3; margin: 2.4rem 0 0.6rem; padding-top: 0.6rem;
  border-top: 1px solid var(--line);
}
p, ul { max-width: 44rem; }
ul { padding-left: 1.3rem; }
li { margin: 0.25rem 0; }
a { color: var(--link); }
.lead { font-size: 1.12rem; }
nav ul { display: flex; flex-wrap: wrap; gap: 0.2rem 1.2rem; padding: 0; list-style: none; }
figure { margin: 1.2rem 0; }
figure img {
  display: block; max-width: 100%; height: auto; background: #ffffff; padding: 0.3rem;
  border: 1px solid var(--line);
}
figcaption, caption { color: var(--soft); font-size: 0.93rem; text-align: left; max-width: 44rem; }
figcaption { margin-top: 0.4rem; }
caption { padding-bottom: 0.5rem; max-width: min(44rem, calc(100vw - 2.4rem)); }
.wide { overflow-x: auto; margin: 1.2rem 0; }
table { border-collapse: collapse; font-size: 0.95rem; font-variant-numeric: tabular-nums; }
table { min-width: min(100%, 30rem); }
th, td { padding: 0.35rem 0.9rem 0.35rem 0; text-align: left; vertical-align: top; }
thead th { border-bottom: 2px solid var(--line); }
tbody th { font-weight: normal; }
td { min-width: 6.5rem; }
tbody tr + tr > * { border-top: 1px solid var(--line); }
pre {
  background: var(--panel); padding: 0.7rem 0.9rem; overflow-x: auto; font-size: 0.85rem;
  line-height: 1.5; border: 1px solid var(--line);
}
.warning { border-left: 4px solid var(--mark); background: var(--panel); margin: 1.2rem 0; }
.warning { padding: 0.1rem 1rem; }
footer { margin-top: 3rem; border-top: 1px solid var(--line); color: var(--soft); }
footer { font-size: 0.9rem; }
@media print {
  :root { --ink: #000; --soft: #333; --ground: #fff; --line: #999; --panel: #fff; --link: #000; }
  body { max-width: none; padding: 0; font-size: 10pt; }
  nav { display: none; }
  pre { white-space: pre-wrap; }
  .wide { overflow: visible; }
  h2 { break-after: avoid; }
  figure, table, pre, .warning { break-inside: avoid; }
}
"""
)
