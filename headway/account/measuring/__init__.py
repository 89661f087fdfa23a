"""What a model takes: a load test within a budget, or what AWS already knows.

``payloads`` reads what to send, ``targets`` says where to and what that costs, ``budget`` what will be done at most,
``load`` does it. ``recommended`` and ``latency`` read Inference Recommender and CloudWatch instead.
"""
