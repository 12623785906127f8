/** Values that parsers stumble over, as JSON writes them, and texts of the same kind. */
import fc from "fast-check";

/** Names that every object has, or that make a prototype of what is assigned. */
export const PROTOTYPE_NAMES = [
  "__proto__",
  "constructor",
  "prototype",
  "toString",
  "valueOf",
  "hasOwnProperty",
  "then",
] as const;

const TEXTS = [
  "",
  " ",
  "\u0000",
  "a\nb",
  "a\r\nb",
  "\u001b[31mred",
  "\u007f",
  "\u009b31m",
  "\u2028",
  "\u202e",
  "\ud800",
  "\udfff\ud800",
  "\ufeff",
  'a"b\\',
  "a,b=c",
  "'; --",
  "*",
  "-",
  ".",
  "/",
  "%00",
  "None",
  "true",
  "TRUE",
  "0x10",
  "1e3",
  "NaN",
  "Infinity",
  "10.0.0.1",
  "127.0.0.1",
  "169.254.169.254",
  "999.1.1.1",
  "010.0.0.1",
  "::1",
  "fe80::1%eth0",
  "::ffff:10.0.0.1",
  "IPv6",
  "Local",
  "TCP",
  "UDP",
  "a".repeat(64),
  "a".repeat(254),
] as const;

/** What an annotation may be at most, and nothing else should be. */
export const KIB_256 = "x".repeat(256 * 1024);

/** Short texts of every kind, and now and then a long one. */
export const hostileText: fc.Arbitrary<string> = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom<string>(...TEXTS, ...PROTOTYPE_NAMES) },
  { weight: 4, arbitrary: fc.string({ unit: "binary", maxLength: 20 }) },
  { weight: 4, arbitrary: fc.string({ unit: "grapheme", maxLength: 20 }) },
  { weight: 1, arbitrary: fc.constant(KIB_256.slice(0, 5_000)) },
);

/** As deep as a comparison of two values goes; JSON itself goes further. */
const DEPTH = 1_000;
const NUMBERS = ["0", "-0", "-1", "1.5", "80", "443", "65535", "65536", "1e21", "1e308", "1e999", "-1e999", "9007199254740993"];
const SHAPES = [
  "null",
  "true",
  "false",
  "{}",
  "[]",
  "[null]",
  "[[]]",
  '{"toString":null,"valueOf":null}',
  '{"__proto__":{"polluted":true}}',
  '{"__proto__":null}',
  '{"constructor":{"prototype":{"polluted":true}}}',
  '{"length":3}',
  '{"0":"a"}',
];
const LARGE = [
  JSON.stringify(KIB_256),
  `${"[".repeat(DEPTH)}${"]".repeat(DEPTH)}`,
  `${'{"a":'.repeat(DEPTH)}1${"}".repeat(DEPTH)}`,
  `[${Array(2_000).fill("{}").join()}]`,
];

/** Any JSON value, as text: only so can it be a number without end, a key twice, or a key called `__proto__`. */
export const hostileJson: fc.Arbitrary<string> = fc.oneof(
  { weight: 32, arbitrary: fc.constantFrom(...SHAPES) },
  { weight: 24, arbitrary: fc.constantFrom(...NUMBERS) },
  { weight: 40, arbitrary: hostileText.map((text) => JSON.stringify(text)) },
  { weight: 12, arbitrary: fc.json({ maxDepth: 3 }) },
  { weight: 4, arbitrary: fc.double().map((value) => JSON.stringify(value)) },
  { weight: 1, arbitrary: fc.constantFrom(...LARGE) },
);
