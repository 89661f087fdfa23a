"""A workload written in the program itself: no profile beside it, no plan searched for elsewhere."""

import pulumi

from headway_components import Inference

form = Inference(
    "contact-form",
    {
        "profile": {
            "name": "contact-form",
            "latency": {"max_wait": "8s", "percentile": 95},
            "traffic": {"per_day": 50},
            "model": {
                "container": {"image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/classifier:1"},
                "load_time": "5s",
                "measured": [
                    {"hardware": "serverless-4GB", "seconds": 0.8},
                    {"hardware": "m5.large", "seconds": 0.4},
                ],
            },
        },
        # Planned when the program runs, so a new price may choose anew; this bounds what it may cost. For production
        # write the profile to a file, lock it with `headway lock`, and give "plan": "plans/prod.json" instead.
        "max_monthly": 50,
        "tags": {"team": "support"},
    },
)
for name in ("architecture", "why", "endpoint_name", "monthly_bill"):
    pulumi.export(name, getattr(form, name))
