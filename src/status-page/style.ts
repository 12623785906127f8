/** The page's style sheet: one column on a phone, the matrix on anything wider, light and dark as the reader's system is. */
export const STYLE = `
:root { color-scheme: light dark; --ground: #fbfbfa; --paper: #fff; --ink: #1d1f21; --soft: #565b61; --line: #d9dbde;
  --good: #1a6b3c; --good-ground: #e9f5ee; --bad: #b3161b; --bad-ground: #fdecec; --poor: #7d4a00; --poor-ground: #fdf3e0;
  --idle: #4c5157; --idle-ground: #f0f1f2; --link: #0b57b0; }
@media (prefers-color-scheme: dark) { :root { --ground: #131517; --paper: #1b1e21; --ink: #e8eaec; --soft: #a4abb2; --line: #353a3f;
  --good: #6fd396; --good-ground: #16291e; --bad: #ff9a96; --bad-ground: #3a1a1b; --poor: #f3bd63; --poor-ground: #332612;
  --idle: #b5bcc3; --idle-ground: #24282c; --link: #8ab8ff; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 110rem; padding: 1rem clamp(.75rem, 3vw, 3rem) 3rem; background: var(--ground); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.4rem; margin: 0; } h2 { font-size: 1.1rem; margin: 2rem 0 .6rem; } h3 { font-size: 1rem; margin: 0 0 .2rem; }
p { margin: 0; } a { color: var(--link); }
header { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; align-items: baseline; border-bottom: 1px solid var(--line); padding-bottom: .6rem; }
header p { color: var(--soft); } .summary { font-size: 1.15rem; margin-top: 1rem; }
.stale { margin-top: 1rem; padding: .5rem .8rem; border: 2px solid var(--poor); background: var(--poor-ground); color: var(--poor); }
.facts, .empty { color: var(--soft); font-size: .85rem; font-weight: 400; } .address { font-family: ui-monospace, monospace; overflow-wrap: anywhere; }
.name { overflow-wrap: anywhere; } th .facts { display: block; } .tag { font-size: .75rem; padding: 0 .35rem; border: 1px solid currentColor; border-radius: .6rem; }
table { border-collapse: collapse; width: 100%; } caption { text-align: left; color: var(--soft); font-size: .85rem; padding-bottom: .5rem; }
th, td { text-align: left; vertical-align: top; padding: .4rem .6rem; border-bottom: 1px solid var(--line); }
thead th { font-size: .85rem; color: var(--soft); white-space: nowrap; } .none { color: var(--soft); }
.cell { border-left: 4px solid var(--tone); background: var(--tone-ground); padding: .4rem .6rem; border-radius: 0 .3rem .3rem 0; }
td .cell + .cell { margin-top: .4rem; } .cell .facts { color: var(--ink); }
.good { --tone: var(--good); --tone-ground: var(--good-ground); } .bad { --tone: var(--bad); --tone-ground: var(--bad-ground); }
.poor { --tone: var(--poor); --tone-ground: var(--poor-ground); } .idle { --tone: var(--idle); --tone-ground: var(--idle-ground); }
.share { font-size: 1.15rem; font-weight: 600; font-variant-numeric: tabular-nums; } .cause { color: var(--tone); font-weight: 600; }
.share .cause { font-size: .95rem; } .bar { display: block; margin: .1rem 0; } .track { fill: var(--line); } .fill { fill: var(--tone); } .mark { fill: var(--ink); }
.troubles { list-style: none; margin: 0; padding: 0; display: grid; gap: .6rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 28rem), 1fr)); }
.troubles p + p { margin-top: .3rem; } .scroll { overflow: auto; max-height: 30rem; } .scroll thead th { position: sticky; top: 0; background: var(--ground); } .scroll:focus-visible, a:focus-visible, summary:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
.scroll td { font-size: .9rem; } .scroll .brief td { white-space: nowrap; }
dl { display: grid; gap: .4rem 2rem; grid-template-columns: repeat(auto-fill, minmax(min(100%, 20rem), 1fr)); margin: 0; }
dl div { border-bottom: 1px solid var(--line); padding-bottom: .3rem; } dt { color: var(--soft); font-size: .85rem; } dd { margin: 0; overflow-wrap: anywhere; }
footer { margin-top: 2rem; color: var(--soft); font-size: .85rem; } summary { cursor: pointer; }
@media (max-width: 44rem) {
  .matrix thead { position: absolute; clip-path: inset(50%); height: 1px; overflow: hidden; white-space: nowrap; width: 1px; }
  .matrix, .matrix caption, .matrix tbody, .matrix tr, .matrix th, .matrix td { display: block; }
  .matrix tr { border-bottom: 2px solid var(--line); padding: .6rem 0; } .matrix th, .matrix td { border: 0; padding: .2rem 0; }
  .matrix td::before { content: attr(data-label); display: block; color: var(--soft); font-size: .85rem; } .matrix .none { display: none; }
}
`;
