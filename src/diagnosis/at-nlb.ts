import type { Cause } from "../domain/diagnosis.ts";
import { percent } from "../domain/percent.ts";
import type { Window } from "../domain/window.ts";
import type { DiagnosisInput, EndsAtNlb } from "./input.ts";

/**
 * What is said of a frontend at which attempts end at the NLB, where that makes a difference.
 *
 * @param said - What is said of failures, and of the way past the NLB, anywhere.
 * @returns explanation and next step; `undefined`: as of any frontend.
 */
export function wordsAtNlb(
  { window, control, exposure, endsAtNlb }: DiagnosisInput,
  cause: Cause,
  said: { readonly failures: string; readonly controlFine: string },
): readonly [explanation: string, next: string] | undefined {
  if (endsAtNlb === undefined) return undefined;
  const { attempts, failures, heard, reasons } = window;
  switch (cause) {
    case "unmeasured":
      return [
        sentences(
          gotAsFar(window),
          exposure !== undefined && exposure > 0
            ? `Configuration and topology imply that ${percent(exposure)} of them hairpin.`
            : "",
          heard > 0
            ? `The backends speak first, and were heard in ${heard} of ${attempts} attempts: the others may have been lost.`
            : "",
          control !== undefined && control.attempts > 0 ? `${pastNlb(control)}, which says nothing of the way through it.` : "",
        ),
        howToMeasure(endsAtNlb),
      ];
    case "backend_down":
      // Where attempts fail on both ways, it is as anywhere.
      if (failures > 1 || control === undefined) return undefined;
      return [
        sentences(gotAsFar(window), `${pastNlb(control)}: it is the backends.`),
        "Look at the pods behind the Service: readiness, restarts, the port that they listen on, network policies.",
      ];
    case "application_error":
      if (reasons.connection_lost === undefined) return undefined;
      return [
        sentences(
          said.failures,
          "The NLB broke connections off of which nothing had been asked: its own to a target failed, or the backend ends them at once.",
          said.controlFine,
        ),
        "Look at the health of the targets, at their security groups, and at the backends' logs.",
      ];
    default:
      return undefined;
  }
}

/** Of attempts that cannot fail behind the NLB. */
const gotAsFar = ({ attempts, failures }: Window): string =>
  `${failures === 0 ? `All ${attempts}` : `${attempts - failures} of ${attempts}`} attempts got as far as the NLB, which terminates TLS and completes the handshake by itself: what becomes of connections behind it is not measured.`;

const pastNlb = ({ failures, attempts }: Window): string => `Past the NLB ${failures} of ${attempts} attempts failed`;

function howToMeasure({ port, isInFile }: EndsAtNlb): string {
  const where = isInFile
    ? `give port ${port} "protocol: https" and a path in the frontends file`
    : `set the annotation hairpin-probe/protocol: "${port}=https", and hairpin-probe/path where "/" will not do`;
  return `If it speaks HTTP inside, ${where}: then the response tells. If it does not, only its clients and the health of its targets can.`;
}

const sentences = (...all: readonly string[]): string => all.filter((sentence) => sentence !== "").join(" ");
