/* Parts of one program: each prints what it has computed, and nothing that differs from run to run. */
void numbers(void);
void vectors(void);
void exceptions(void);
void control(void);
