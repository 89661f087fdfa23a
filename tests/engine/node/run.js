// Runs a compiled program as an inline stack: run.js PROGRAM preview|up|destroy. Prints the result as JSON.
const { LocalWorkspace } = require("@pulumi/pulumi/automation");

const [program, operation] = process.argv.slice(2);
const folder = process.env.HEADWAY_WORK;

async function main() {
    const stack = await LocalWorkspace.createOrSelectStack(
        {
            stackName: "dev",
            projectName: "documents",
            program: async () => {
                delete require.cache[require.resolve(program)];
                return { ...require(program) };
            },
        },
        {
            workDir: folder,
            pulumiHome: `${folder}/home`,
            projectSettings: { name: "documents", runtime: "nodejs", backend: { url: `file://${folder}/state` } },
        },
    );
    await stack.setConfig("aws:region", { value: "us-east-1" });
    const seen = [];
    const said = [];
    const result = await stack[operation]({
        onEvent: (event) => {
            const step = event.resourcePreEvent && event.resourcePreEvent.metadata;
            if (step) seen.push({ op: step.op, type: step.urn.split("::")[2].split("$").pop(), urn: step.urn });
            if (event.diagnosticEvent) said.push(event.diagnosticEvent.message);
        },
    }).catch((error) => ({ failed: String(error.message) }));
    const outputs = Object.fromEntries(Object.entries(result.outputs || {}).map(([key, row]) => [key, row.value]));
    process.stdout.write(JSON.stringify({ failed: result.failed || null, steps: seen, outputs, said }) + "\n");
}

main().catch((error) => {
    process.stderr.write(`${error.stack}\n`);
    process.exit(1);
});
