"""What a training's own figures say about its settings: rules that fire, do not, or cannot tell."""
