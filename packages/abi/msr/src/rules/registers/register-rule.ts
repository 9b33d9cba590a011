import { type Rule, rule } from '@vmm/rule'
import type { MsrCall, MsrError } from '../../kvm-call.ts'

type Row = Omit<Rule<MsrCall, MsrError>, 'evidence'> & Partial<Pick<Rule<MsrCall, MsrError>, 'evidence'>>

/** A rule about one register or a kind of them; read in the kernel's source, unless it says otherwise. */
export function registerRule(row: Row): Rule<MsrCall, MsrError> {
  return rule<MsrCall, MsrError>({ evidence: 'source', ...row })
}
