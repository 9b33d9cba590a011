const told = (hole: string, plus: string): string =>
  `in(10) out(11)=42 write(${hole}10,4)=12345678 ${plus} out(13)=7020324c`
const narrow = (hole: string): string => told(hole, `read(${hole}14,4)=c3c3c3c3 out(12)=c3c3c3c3`)
const ending = 'out(15)=20 out(14)=5a'

/** What `l2-probe` prints that small guests do, whoever runs them. */
export const probed: string = [
  `real mode: ${narrow('d00')} hlt ${ending} hlt`,
  `protected mode: ${narrow('e00000')} hlt ${ending} hlt`,
  `64-bit mode: ${told('e00000', 'read(e0000018,8)=c3c3c3c3c3c3c3c3 out(12)=c3c3c3c3 out(12)=c3c3c3c3')} hlt ${ending} hlt`,
  `real mode, controllers in the kernel: ${narrow('d00')} ${ending}`,
  '',
].join('\n')

/** What `l2-several` prints where nothing is lost. */
export const severalRan = (rounds: number): string =>
  [
    'on 2 processors',
    ...['1 of 1', '1 of 2', '2 of 2'].map(
      (which) => `guest ${which}: ${rounds} sent, ${rounds} answered, 0 lost, moved`,
    ),
    '',
  ].join('\n')
