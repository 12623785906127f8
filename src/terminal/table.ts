/** Columns of a table on a terminal: as wide as what is in them, cut and left out as far as the terminal is narrow. */
export interface Column<Row> {
  readonly heading: string;
  readonly cell: (row: Row) => string;
  /** What it is to have before others are left out for it; `Infinity`: whatever is in it, and it is never cut. */
  readonly minWidth: number;
  /** Left out first where there is no room: the highest number goes first, 0 never. */
  readonly expendable: number;
}

/** How a cell is coloured. */
export type PaintCell<Row> = (heading: string, text: string, row: Row) => string;

const GAP = 2;
/** Where there is no room at all, this much of a text is still shown. */
const LEAST_WIDTH = 8;

/**
 * Lines of a table, none longer than the terminal is wide (given that the least that cannot be left out fits).
 *
 * @param width - Columns of the terminal.
 */
export function renderTable<Row>(
  all: readonly Column<Row>[],
  rows: readonly Row[],
  width: number,
  paint: PaintCell<Row>,
): readonly string[] {
  const columns = fitting(all, rows, width);
  const widths = widthsOf(columns, rows, width);
  const line = (cells: readonly string[], painted: (text: string, index: number) => string): string =>
    cells
      .map((cell, index) => {
        const text = cut(cell, widths[index] ?? 0);
        const padding = index === cells.length - 1 ? "" : " ".repeat((widths[index] ?? 0) - text.length + GAP);
        return painted(text, index) + padding;
      })
      .join("")
      .trimEnd();
  return [
    line(
      columns.map(({ heading }) => heading),
      (text) => text,
    ),
    ...rows.map((row) =>
      line(
        columns.map(({ cell }) => cell(row)),
        (text, index) => paint(columns[index]?.heading ?? "", text, row),
      ),
    ),
  ];
}

/** Without the columns that there is no room for. */
function fitting<Row>(columns: readonly Column<Row>[], rows: readonly Row[], width: number): readonly Column<Row>[] {
  const needed = (chosen: readonly Column<Row>[]): number =>
    chosen.reduce((sum, column) => sum + Math.min(column.minWidth, naturalWidth(column, rows)) + GAP, -GAP);
  let chosen = columns;
  while (needed(chosen) > width && chosen.some(({ expendable }) => expendable > 0)) {
    const most = Math.max(...chosen.map(({ expendable }) => expendable));
    chosen = chosen.filter(({ expendable }) => expendable !== most);
  }
  return chosen;
}

/** Each column at its least, and what is left is given out from the left to those that want more. */
function widthsOf<Row>(columns: readonly Column<Row>[], rows: readonly Row[], width: number): readonly number[] {
  const wanted = columns.map((column) => naturalWidth(column, rows));
  const widths = columns.map(({ minWidth }, i) => Math.min(minWidth, wanted[i] ?? minWidth));
  let left = width - widths.reduce((sum, each) => sum + each + GAP, -GAP);
  return widths.map((each, i) => {
    const canBeCut = Number.isFinite(columns[i]?.minWidth ?? 0);
    const least = canBeCut ? Math.min(each, LEAST_WIDTH) - each : 0;
    const more = Math.max(least, Math.min(left, (wanted[i] ?? 0) - each));
    left -= more;
    return each + more;
  });
}

const naturalWidth = <Row>({ heading, cell }: Column<Row>, rows: readonly Row[]): number =>
  rows.reduce((most, row) => Math.max(most, cell(row).length), heading.length);

/** A text that is too long loses its middle: names differ at their ends. */
function cut(text: string, width: number): string {
  if (text.length <= width) return text;
  const head = Math.ceil((width - 1) / 2);
  return `${text.slice(0, head)}…${text.slice(text.length - (width - 1 - head))}`;
}
