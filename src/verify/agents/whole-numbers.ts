/** @returns what makes whole numbers of fractions so that their sum stays right: what one gains, those after it lose. */
export function wholeNumbers(): (value: number) => number {
  let left = 0;
  return (value) => {
    const whole = Math.max(0, Math.round(value + left));
    left += value - whole;
    return whole;
  };
}
