"""What is learnt about one series: River's verbs, count distributions, drift, scores and the risk of a stock-out."""
