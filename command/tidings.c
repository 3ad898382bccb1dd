#include "tidings.h"

#include "text.h"

static void print_member(FILE *out, const char *name, const char *value)
{
	fprintf(out, ", \"%s\": ", name);
	text_print_json(out, value);
}

static void print_json(struct tidings *tidings, const struct finding *finding)
{
	fprintf(tidings->out, "%s{\"level\": \"%s\"", tidings->begun ? ",\n " : "[",
		finding_level_name(finding->level));
	print_member(tidings->out, "account", tidings->account);
	print_member(tidings->out, "what", finding->what);
	print_member(tidings->out, "found", finding->found);
	print_member(tidings->out, "mend", finding->mend);
	putc('}', tidings->out);
}

static void print_line(struct tidings *tidings, const struct finding *finding)
{
	if (tidings->account[0] != '\0' && tidings->announced != tidings->account) {
		fprintf(tidings->out, "%s%s\n", tidings->begun ? "\n" : "", tidings->account);
		tidings->announced = tidings->account;
	}
	fprintf(tidings->out, "%-4s  %s: %s%s%s\n", finding_level_name(finding->level),
		finding->what, finding->found, finding->mend[0] != '\0' ? "; mend: " : "",
		finding->mend);
}

static void tell(void *context, const struct finding *finding)
{
	struct tidings *tidings = context;

	if (tidings->json)
		print_json(tidings, finding);
	else
		print_line(tidings, finding);
	fflush(tidings->out);
	tidings->begun = true;
	tidings->warnings += finding->level == FINDING_WARN;
	if (finding->level != FINDING_FAIL)
		return;
	tidings->failures++;
	if (tidings->first == ERROR_NONE)
		tidings->first = finding->kind != ERROR_NONE ? finding->kind : ERROR_SYSTEM;
}

struct findings tidings_findings(struct tidings *tidings)
{
	return (struct findings){tell, tidings};
}

int tidings_end(struct tidings *tidings)
{
	if (tidings->json)
		fputs(tidings->begun ? "]\n" : "[]\n", tidings->out);
	return error_exit_status(tidings->first);
}
