/** The 400 everyday things that are pictured most often in the embedded model's training pictures: common nouns only. */
export const STOCK_WORDS: readonly string[] = `
car, star, heart, person, gradient, tree, cloud, hand, eye, sunflower, painting, cat, bicycle, butterfly, rose, fish, elephant, pear, airplane, sun,
water, mushroom, camera, tulip, pizza, helicopter, apple, dog, book, daisy, ant, tomato, crown, light bulb, man, carrot, television, dandelion,
scissors, dolphin, woman, rainbow, strawberry, sheep, juice, lion, camel, table, snake, envelope, smartphone, flower, clock, circle, lock, shield,
potato, yoghurt, bell pepper, guitar, diamond, plant, card, house, laptop, paper, hourglass, metal can, chair, plastic, glasses, glass bottle, fork,
skull, cardboard, dragon, duck, umbrella, alert, truck, gift, violin, parachute, triangle, hat, motorcycle, leaf, melon, telephone, mouse, banana,
brain, cup, egg, sword, soccer ball, mermaid, milk, wine bottle, crab, sailboat, castle, girl, calendar, globe, squirrel, horse, keyboard, door, stop
sign, chart, bottle, fire, scorpion, stone, moon, lemon, key, kangaroo, pineapple, crocodile, lamp, sky, rabbit, gate, bus, microphone, wrench, axe,
tower, chat, rhinoceros, note, flamingo, boy, building, club, peach, robot, watermelon, wheelchair, bag, bird, hammer, train, orange, spider,
saxophone, bear, mail, headphones, hedgehog, computer, bridge, comb, pencil, compass, cannon, pig, bed, helmet, potion, thermometer, octopus, onion,
mountain, bat, cow, pin, knife, panda, avocado, zombie, pyramid, lime, battery, anchor, chandelier, spade, glass, ferry, lightning, toilet,
binoculars, city, radio, sea turtle, rain, stairs, female, wind, baby, lobster, shadow, basket, wristwatch, credit card, cucumber, garden, flask,
bread, church, bolt, monkey, ear, tooth, bee, leopard, candle, dice, kiwi fruit, snowflake, statue, basketball, mouth, ladder, bubble, frog, mango,
money, earth, rooster, menorah, necklace, gear, suitcase, syringe, trumpet, hospital, speaker, finger, barrel, video, spoon, tent, grass, shoe, wheel,
scale, male, tag, fan, asparagus, mask, llama, monitor, ceiling fan, cougar, zucchini, cake, ice cream, bell, baseball, bucket, grapefruit, jug, leg,
cactus, ship, garlic, beach, child, tiger, trophy, purse, alarm clock, sailing ship, brick, calculator, ambulance, shopping bag, chess, ibis, lotus
flower, trilobite fossil, nectarine, mandarin orange, snail, foot, palm tree, penguin, accordion, beaver, tick, euphonium, starfish, pill, package,
wine glass, whale, canoe, street, grand piano, joshua tree, minaret, stegosaurus, coin, hamburger, donut, megaphone, snowman, folder, message, shovel,
mobile phone, dragonfly, yin yang symbol, passion fruit, droplet, eggplant, backpack, lipstick, screwdriver, yoga, bonsai tree, crayfish, dalmatian
dog, electric guitar, mailbox, bug, shark, tornado, fog, grapes, feather, bench, revolver, wooden chair, cabbage, birthday cake, scroll, sandwich,
gold, buddha statue, nautilus shell, pomegranate, snow, microscope, cookie, stethoscope, fence, document, bone, nose, flashlight, pen, printer,
bathtub, shopping cart, cube, stapler, gramophone, mosquito, tablet, broom, board, passport, dollar bill, bookmark, lollipop, police car, skateboard,
forest, pagoda, washing machine, music, stack, taxi, screen, ribbon, tractor, sock, switch, exit, angel, plum, plug, hot air balloon, coffee cup, emu,
cloudy, graph, hexagon, leek, balloon, owl, giraffe, belt, pickup truck, boat, saw, lighthouse, windmill, seahorse, rocket, traffic light, turtle,
paintbrush, fountain, drill
`
  .split(',')
  .map((word) => word.trim());
