/// The report's style sheet. Colours tell apart what is ours, what is the market's and which side of it; each also differs
/// in place, shape or lightness, so that no picture depends on colour alone.
enum ReportStyle {
    static let sheet = """
        :root {
          color-scheme: light dark;
          --page: #f4f5f7; --panel: #ffffff; --ink: #161c26; --muted: #5d6878; --grid: #e8ebef; --edge: #c3cad3;
          --own: #4653c4; --rest: #8490a0; --gain: #12805c; --loss: #b3363f; --buy: #0b7fab; --sell: #d0582a;
          --horizon1: #8cc5c0; --horizon2: #35928c; --horizon3: #0c514e;
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --page: #0e1116; --panel: #161b22; --ink: #e6eaf0; --muted: #96a1b0; --grid: #232a34; --edge: #3d4754;
            --own: #8d99ff; --rest: #7c8898; --gain: #43c08f; --loss: #ef7a80; --buy: #45b4e0; --sell: #f08a5c;
            --horizon1: #2b8580; --horizon2: #52bdb5; --horizon3: #c9f3ee;
          }
        }
        * { box-sizing: border-box; }
        body {
          margin: 0; background: var(--page); color: var(--ink);
          font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "DejaVu Sans", sans-serif;
          font-variant-numeric: tabular-nums; -webkit-text-size-adjust: 100%; overflow-wrap: anywhere;
        }
        main { max-width: 1080px; margin: 0 auto; padding: 36px 24px 48px; }
        header p { margin: 0; color: var(--muted); }
        .kind { font-size: 12px; letter-spacing: .08em; text-transform: uppercase; }
        h1 { margin: 4px 0; font-size: 28px; line-height: 1.2; letter-spacing: -.01em; }
        h2 { margin: 0; font-size: 16px; line-height: 1.4; }
        .facts {
          display: grid; grid-template-columns: repeat(4, 1fr); margin: 24px 0 16px; background: var(--panel);
          border: 1px solid var(--grid); border-radius: 8px; overflow: hidden;
        }
        .facts div { margin: 0 -1px -1px 0; padding: 12px 20px; border: solid var(--grid); border-width: 0 1px 1px 0; }
        .facts dt { color: var(--muted); font-size: 12px; }
        .facts dd { margin: 2px 0 0; font-size: 19px; font-weight: 600; line-height: 1.3; letter-spacing: -.01em; }
        figure, .parameters {
          margin: 0 0 16px; padding: 18px 20px; background: var(--panel); border: 1px solid var(--grid); border-radius: 8px;
        }
        figcaption { max-width: 96ch; margin-top: 8px; color: var(--muted); font-size: 13px; }
        .unit { margin-left: 4px; color: var(--muted); font-size: 13px; font-weight: 400; }
        .legend {
          display: flex; flex-wrap: wrap; gap: 2px 20px; margin: 4px 0 0; padding: 0; list-style: none;
          color: var(--muted); font-size: 13px;
        }
        .legend b { color: var(--ink); font-weight: 600; }
        .key { width: 18px; height: 10px; margin-right: 6px; overflow: visible; }
        .empty { margin: 12px 0; padding: 24px 0; color: var(--muted); border: 1px dashed var(--edge); border-radius: 6px; text-align: center; }
        .plot { padding: 14px 22px 24px calc(var(--gutter) * 1ch + 10px); font-size: 12px; }
        .picture { display: block; width: 100%; height: 200px; overflow: visible; }
        .picture.tall { height: 340px; }
        .curves { overflow: visible; }
        .symbols { position: absolute; width: 0; height: 0; }
        .picture text { fill: var(--muted); font-size: 12px; }
        .grid text { text-anchor: end; }
        .grid .time text { text-anchor: middle; }
        .grid .zone { text-anchor: start; transform: translateX(calc(var(--gutter) * -1ch - 10px)); }
        .grid .day text { fill: var(--ink); font-weight: 600; }
        .grid line { stroke: var(--grid); shape-rendering: crispEdges; }
        .grid .day line, .grid .base { stroke: var(--edge); }
        .grid .zero { stroke: var(--muted); }
        .line {
          fill: none; stroke: currentColor; stroke-width: 1.6; stroke-linejoin: round; stroke-linecap: round;
          vector-effect: non-scaling-stroke;
        }
        .area { fill: currentColor; fill-opacity: .13; stroke: none; }
        .dashed { stroke-dasharray: 5 4; }
        .dots { fill: none; stroke: currentColor; stroke-width: 3.2; stroke-linecap: round; stroke-opacity: .6;
          vector-effect: non-scaling-stroke; }
        .mark { fill: currentColor; stroke: var(--panel); stroke-width: 1; paint-order: stroke; }
        .own { color: var(--own); } .rest { color: var(--rest); } .gain { color: var(--gain); } .loss { color: var(--loss); }
        .buy, .bid { color: var(--buy); } .sell, .ask { color: var(--sell); } .mid { color: var(--ink); }
        .line.bid, .line.ask { stroke-width: 1.1; stroke-opacity: .75; stroke-linecap: butt; }
        .line.mid { stroke-width: 1.3; }
        .line.lone { stroke-width: 6; stroke-linecap: round; }
        .horizon1 { color: var(--horizon1); } .horizon2 { color: var(--horizon2); } .horizon3 { color: var(--horizon3); }
        .readout rect { fill: transparent; }
        .readout line { stroke: var(--muted); shape-rendering: crispEdges; }
        .readout line, .readout text { visibility: hidden; pointer-events: none; }
        .readout:hover line, .readout:hover text { visibility: visible; }
        .picture .readout text {
          fill: var(--ink); text-anchor: end; stroke: var(--panel); stroke-width: 5px; stroke-linejoin: round;
          paint-order: stroke;
        }
        .tables { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 380px), 1fr)); gap: 0 40px; }
        .tables { align-items: start; margin-top: 8px; }
        table { width: 100%; border-collapse: collapse; font-size: 13px; }
        th, td { padding: 5px 0; border-top: 1px solid var(--grid); vertical-align: top; }
        th { padding-right: 16px; color: var(--muted); font-weight: 400; text-align: left; }
        td { text-align: right; }
        footer { margin-top: 24px; color: var(--muted); font-size: 12px; }
        @media (max-width: 640px) {
          main { padding: 20px 10px 32px; }
          h1 { font-size: 22px; }
          .facts { grid-template-columns: repeat(2, 1fr); }
          .facts div { padding: 9px 12px; }
          .facts dd { font-size: 16px; }
          figure, .parameters { padding: 14px 12px; }
          .plot { padding-right: 14px; font-size: 11px; }
          .picture text { font-size: 11px; }
          .picture.tall { height: 280px; }
          .odd text { display: none; }
          .line { stroke-width: 1.3; }
        }
        @media print {
          :root {
            color-scheme: light;
            --page: #fff; --panel: #fff; --ink: #000; --muted: #444; --grid: #ddd; --edge: #aaa; --own: #4653c4;
            --rest: #777; --gain: #12805c; --loss: #b3363f; --buy: #0b7fab; --sell: #d0582a; --horizon1: #8cc5c0;
            --horizon2: #35928c; --horizon3: #0c514e;
          }
          body { font-size: 11px; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
          main { max-width: none; padding: 0; }
          figure, .facts, tr { break-inside: avoid; }
          .readout { display: none; }
          .picture { height: 150px; }
          .picture.tall { height: 230px; }
          figure, .parameters { margin-bottom: 10px; padding: 10px 14px; }
        }
        """
}
