package demo

// paymentsReflection is the retrospective after the first experiment of Payments. Three members vote, so the counts are shown.
func paymentsReflection() reflection {
	return reflection{
		notes: []prompted{
			{"whose-day", "HELPED", "Knowing whose day it is"},
			{"a-name-to-ask", "HELPED", "There was always a name to ask"},
			{"lunch", "HELD_BACK", "Whoever owned the queue had lunch at three"},
			{"smaller", "SURPRISED", "Large changes became smaller by themselves"},
		},
		themes: []theme{
			{"whose-turn", "Whose turn it is", []string{"whose-day", "a-name-to-ask"}},
			{"noon", "The queue at noon", []string{"lunch"}},
			{"size", "The size of changes", []string{"smaller"}},
		},
		votes: []vote{
			{"mina", []string{"whose-turn", "size", "size"}},
			{"jonas", []string{"whose-turn", "whose-turn", "noon"}},
			{"ravi", []string{"whose-turn", "noon", "size"}},
		},
		action: action{
			id: "write-it-down", does: "Write the rota into the team's handbook", owner: "jonas", days: 3,
			effect: "New people own a day in their first week", theme: "whose-turn", metric: payments.process,
		},
		decision: "ADOPT", text: "Two people own the review queue each day; the rota is on the wall",
		claim:     "Owning the review queue for a day halves the wait for a review",
		situation: "A team of seven with about twenty changes a day",
		mayNot:    "Where a review needs a specialist: the owner of the day then asks the same person every time.",
		howToTry:  "Two names for each day of the next two weeks, on the wall. They look into the queue at nine, at noon and at three.",
		tags:      []string{"code-review", "queue", "ownership"},
	}
}

// mobileReflection is the retrospective after the first experiment of Mobile. Two members vote: no counts are shown, for two would
// know of each other.
func mobileReflection() reflection {
	return reflection{
		notes: []prompted{
			{"written-before", "HELPED", "We had written down what we expected, so nobody could talk it up afterwards"},
			{"idle-cores", "SURPRISED", "Seven of eight cores did nothing"},
		},
		themes: []theme{
			{"expectations", "Expecting before measuring", []string{"written-before"}},
			{"the-chain", "One long chain", []string{"idle-cores"}},
		},
		votes: []vote{{"mina", []string{"the-chain", "the-chain", "expectations"}}, {"aiko", []string{"the-chain"}}},
		action: action{
			id: "return-the-machines", does: "Give the large machines back", owner: "aiko", days: 3,
			effect: "The money is there for what comes next", theme: "the-chain",
		},
		decision: "ABANDON", text: "The builds go back to the small machines",
		claim:     "More cores do not make a build faster whose steps wait for each other",
		situation: "An app whose modules depend on one another in a chain",
		mayNot:    "Where most steps of the build do not need each other.",
		howToTry:  "Look at the load of the cores before you buy more of them.",
		tags:      []string{"build", "hardware"},
	}
}
