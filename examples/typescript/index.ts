import * as headway from "@headway/headway";

// The workload, as a profile: who waits and how long, how many come, what the model was measured to take.
const profile = {
    name: "documents",
    latency: { max_wait: "30m", waiting: "review" },
    traffic: { per_hour: 200 },
    model: {
        container: { image: "123456789012.dkr.ecr.us-east-1.amazonaws.com/classifier:1" },
        measured: [{ hardware: "g5.xlarge", batch: 8, seconds: 6.4 }],
    },
};

// Sized when the program runs, and never dearer than this. In production: plan, the path of what `headway lock` wrote.
const documents = new headway.SpotBatch("documents", {
    profileText: JSON.stringify(profile),
    maxMonthly: 300,
    tags: { team: "lending" },
});

export const queueUrl = documents.queueUrl;
export const resultsBucket = documents.resultsBucket;
export const monthlyBill = documents.monthlyBill;
