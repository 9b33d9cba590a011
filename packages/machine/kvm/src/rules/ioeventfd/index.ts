import type { Pipeline } from '@vmm/rule'
import { ioeventfdBusFull } from './bus-full.rule.ts'
import type { IoeventfdCase } from './case.ts'
import { ioeventfdClosed } from './closed.rule.ts'
import { ioeventfdCollision } from './collision.rule.ts'
import { ioeventfdFlags } from './flags.rule.ts'
import { ioeventfdLength } from './length.rule.ts'
import { ioeventfdMatchLength } from './match-length.rule.ts'
import { ioeventfdNoEventfd } from './no-eventfd.rule.ts'
import { ioeventfdNotTied } from './not-tied.rule.ts'
import { ioeventfdWrap } from './wrap.rule.ts'

/** KVM_IOEVENTFD. What unties is looked at for its file, and whether it is tied, alone. */
export const ioeventfdPipeline: Pipeline<IoeventfdCase> = {
  call: 'KVM_IOEVENTFD',
  steps: [
    { kind: 'check', rule: ioeventfdLength },
    { kind: 'check', rule: ioeventfdWrap },
    { kind: 'check', rule: ioeventfdFlags },
    { kind: 'check', rule: ioeventfdMatchLength },
    { kind: 'check', rule: ioeventfdClosed },
    { kind: 'check', rule: ioeventfdNoEventfd },
    { kind: 'check', rule: ioeventfdCollision },
    { kind: 'check', rule: ioeventfdBusFull },
    { kind: 'check', rule: ioeventfdNotTied },
  ],
}
