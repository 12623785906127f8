/** Longer ones are refused: servers need not take them (RFC 9110 section 4.1 asks for 8,000 for a whole URI). */
export const MAX_REQUEST_PATH = 1024;

/**
 * Whether a text can be put into a request line as it is, and is nothing but a path and a query there (RFC 9112 section 3.2.1,
 * origin-form): visible ASCII, so that the line ends where it ends, a slash at first, so that no other host is named, and no "#", which
 * clients do not send.
 */
export const isRequestPath = (text: string): boolean => text.length <= MAX_REQUEST_PATH && /^\/[\x21\x22\x24-\x7e]*$/.test(text);
